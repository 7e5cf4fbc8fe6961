//! Who is asked, in which order, and whose error counts.

use std::time::Duration;

use goproxy_engine::{ErrorKind, Via};

use crate::world::{Script, World, text};

const LIST: &str = "/example.com/m/@v/list";
const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn comma_goes_on_after_absence_only_pipe_after_anything() {
    for (kind, comma, pipe) in [
        (ErrorKind::NotFound, true, true),
        (ErrorKind::Refused, false, true),
        (ErrorKind::Unavailable, false, true),
        (ErrorKind::Timeout, false, true),
        (ErrorKind::Busy, false, true),
    ] {
        for (any, goes_on) in [(false, comma), (true, pipe)] {
            let (first, second) = (Script::new(Via::Proxy, Err(kind)), Script::new(Via::Proxy, Ok("v1.0.0\n")));
            let world = World::new(&[(&first, any), (&second, false)], MINUTE);
            assert_eq!(world.get(LIST).await.is_ok(), goes_on, "{kind:?} {any}");
            assert_eq!(second.asked(), usize::from(goes_on), "{kind:?} {any}");
        }
    }
}

#[tokio::test]
async fn the_most_telling_error_is_reported() {
    let (absent, down) =
        (Script::new(Via::Proxy, Err(ErrorKind::NotFound)), Script::new(Via::Proxy, Err(ErrorKind::Unavailable)));
    let world = World::new(&[(&down, true), (&absent, false)], MINUTE);
    assert_eq!(world.get(LIST).await.unwrap_err().kind(), ErrorKind::Unavailable, "not 404: one could not be asked");
    let direct = Script::new(Via::Direct, Err(ErrorKind::NotFound));
    let world = World::new(&[(&down, true), (&direct, false)], MINUTE);
    assert_eq!(world.get(LIST).await.unwrap_err().message(), "direct says not_found");
}

/// `go` asks for every path that a package may be in: where only the upstream can be reached, that ended with 502.
#[tokio::test]
async fn a_host_that_is_not_there_hid_what_the_upstream_had_said() {
    use ErrorKind::{NoHost, NotFound, Timeout, Unavailable};
    for (upstream, direct, told) in [
        (NotFound, NoHost, NotFound),
        (NotFound, Unavailable, Unavailable),
        (NotFound, Timeout, Timeout),
        (Unavailable, NoHost, NoHost),
    ] {
        let (first, second) = (Script::new(Via::Proxy, Err(upstream)), Script::new(Via::Direct, Err(direct)));
        let world = World::new(&[(&first, true), (&second, false)], MINUTE);
        let error = world.get(LIST).await.unwrap_err();
        assert_eq!(error.kind(), told, "{upstream:?} {direct:?}");
        assert!(error.message().starts_with("direct says"), "{error}");
    }
    let nobody = Script::new(Via::Direct, Err(NoHost));
    let world = World::new(&[(&nobody, false)], MINUTE);
    assert_eq!(world.get(LIST).await.unwrap_err().kind(), NoHost, "nobody else was asked");
}

#[tokio::test]
async fn private_modules_go_direct_whatever_the_list() {
    let proxy = Script::new(Via::Proxy, Ok("v1.0.0\n"));
    let world = World::new(&[(&proxy, false)], MINUTE);
    let reply = world.get("/private.example/x/@v/list").await.unwrap();
    assert_eq!((text(&reply).as_str(), reply.via), ("v9.0.0\n", Via::Direct));
    assert_eq!((proxy.asked(), world.direct.asked()), (0, 1));
    let lookup = world.get("/sumdb/sums.example/lookup/private.example/x@v1.0.0").await.unwrap_err();
    assert_eq!(lookup.kind(), ErrorKind::Refused);
}

#[tokio::test]
async fn nobody_to_ask_is_a_refusal() {
    let world = World::new(&[], MINUTE);
    assert_eq!(world.get(LIST).await.unwrap_err().kind(), ErrorKind::Refused);
}

#[tokio::test]
async fn what_does_not_hold_is_neither_stored_nor_served() {
    let proxy = Script::new(Via::Proxy, Ok("{\"Version\":\"v1.0.1\"}"));
    let world = World::new(&[(&proxy, false)], MINUTE);
    let info = "/example.com/m/@v/v1.0.0.info";
    assert_eq!(world.get(info).await.unwrap_err().kind(), ErrorKind::Invalid);
    proxy.set(Ok("{\"Version\":\"v1.0.0\"}"));
    assert_eq!(text(&world.get(info).await.unwrap()), "{\"Version\":\"v1.0.0\"}");
    proxy.set(Ok("{\"Version\":\"v1.0.0\",\"Time\":\"2020-01-01T00:00:00Z\"}"));
    assert_eq!(text(&world.get(info).await.unwrap()), "{\"Version\":\"v1.0.0\"}", "the first one stays");
    assert_eq!(proxy.asked(), 2);
}

#[tokio::test]
async fn a_module_that_became_private_meanwhile_is_named_to_nobody_else() {
    for kind in [ErrorKind::NotFound, ErrorKind::Unavailable] {
        let (first, second) = (Script::new(Via::Proxy, Err(kind)), Script::new(Via::Proxy, Ok("v1.0.0\n")));
        let world = World::new(&[(&first, true), (&second, false)], MINUTE);
        let engine = world.engine.clone();
        first.while_asked(move || {
            let mut routing = (*engine.routing()).clone();
            routing.private = gomod::Patterns::parse("example.com/m").unwrap();
            engine.set_routing(routing);
        });
        assert_eq!(world.get(LIST).await.unwrap_err().kind(), ErrorKind::Busy);
        assert_eq!(second.asked(), 0, "{kind:?}");
        assert_eq!(text(&world.get(LIST).await.unwrap()), "v9.0.0\n", "the next request goes direct");
    }
}
