use std::sync::{Arc, Mutex};

use super::*;
use crate::ErrorKind;

#[derive(Debug, Default)]
struct Shelf(Mutex<Vec<Span>>);

impl Collector for Shelf {
    fn collect(&self, span: Span) {
        self.0.lock().unwrap().push(span);
    }
}

#[tokio::test]
async fn stages_are_children_of_where_the_task_is() {
    let shelf = Arc::new(Shelf::default());
    let context = Context::new(Arc::clone(&shelf) as _, None, true);
    assert!(!stage("outside").is_seen());
    let first = Stage::first(&context, None, "GET zip");
    carried(first.context(), async {
        let fetch = request("fetch");
        carried(fetch.context(), async { drop(stage("given up")) }).await;
        let _ = fetch.tell(Err::<(), _>(Error::new(ErrorKind::Timeout, "slow")));
        let _ = stage("commit").tell(Ok(()));
    })
    .await;
    let _ = first.tell(Ok(()));
    let spans = shelf.0.lock().unwrap();
    let told: Vec<_> = spans.iter().map(|span| (span.name, span.failure)).collect();
    let expected = [("given up", Some("cancelled")), ("fetch", Some("timeout")), ("commit", None), ("GET zip", None)];
    assert_eq!(told, expected);
    let parents: Vec<_> = spans.iter().map(|span| span.parent).collect();
    assert_eq!(parents, [Some(spans[1].id), Some(spans[3].id), Some(spans[3].id), None]);
    assert!(spans.iter().all(|span| span.trace == context.trace() && span.end >= span.start));
}

#[tokio::test]
async fn what_is_not_sampled_still_names_its_trace() {
    let shelf = Arc::new(Shelf::default());
    let context = Context::new(Arc::clone(&shelf) as _, Some([1; 16]), false);
    carried(Some(context), async {
        assert!(!stage("lookup").is_seen());
        let said = current().unwrap().traceparent();
        assert!(said.starts_with("00-01010101010101010101010101010101-") && said.ends_with("-00"), "{said}");
    })
    .await;
    assert!(shelf.0.lock().unwrap().is_empty());
}

#[test]
fn traceparents() {
    let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let parent = Parent::parse(good.as_bytes()).unwrap();
    assert_eq!((parent.trace[0], parent.span[7], parent.sampled), (0x4b, 0xb7, true));
    assert!(!Parent::parse(good.replace("-01", "-00").as_bytes()).unwrap().sampled);
    assert!(Parent::parse(good.replacen("00", "cc", 1).as_bytes()).is_some());
    assert!(Parent::parse((good.replacen("00", "cc", 1) + "-more").as_bytes()).is_some());
    for bad in [
        "",
        "00",
        &format!("{good}-more"),
        &format!("{good}x"),
        &good.replacen("00", "ff", 1),
        &good.replacen("00", "0x", 1),
        &(good.replacen("00", "cc", 1) + "more"),
        &good.to_uppercase(),
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
    ] {
        assert_eq!(Parent::parse(bad.as_bytes()), None, "{bad}");
    }
}

/// Whatever a client sends, nothing panics, and what is accepted is said again as it came.
#[test]
fn any_bytes_as_a_traceparent() {
    let good = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..100_000 {
        let mut bytes = good.to_vec();
        for _ in 0..random.usize(..4) {
            let at = random.usize(..bytes.len());
            bytes[at] = *random.choice(b"0fFg-\0\xff ").unwrap();
        }
        bytes.truncate(random.usize(..=bytes.len() + 40));
        if let Some(parent) = Parent::parse(&bytes) {
            let shelf = Arc::new(Shelf::default());
            let said = Context::new(shelf, Some(parent.trace), parent.sampled).traceparent();
            assert_eq!(&said.as_bytes()[3..36], &bytes[3..36]);
        }
    }
}

#[test]
fn samplers() {
    let (low, high) = ([0; 16], [0xff; 16]);
    let said = |sampled| Some(Parent { trace: low, span: [1; 8], sampled });
    for (name, arg, own_low, own_high, yes, no) in [
        ("always_on", None, true, true, true, true),
        ("always_off", None, false, false, false, false),
        ("traceidratio", Some("0.5"), true, false, true, true),
        ("parentbased_always_on", None, true, true, true, false),
        ("parentbased_always_off", None, false, false, true, false),
        ("parentbased_traceidratio", Some("0"), false, false, true, false),
        ("traceidratio", None, true, true, true, true),
    ] {
        let sampler = Sampler::parse(name, arg).unwrap();
        let takes = |trace, parent: Option<Parent>| sampler.takes(trace, parent.as_ref());
        let found = (takes(&low, None), takes(&high, None), takes(&low, said(true)), takes(&low, said(false)));
        assert_eq!(found, (own_low, own_high, yes, no), "{name} {arg:?}");
    }
    assert_eq!(Sampler::parse("parentbased_always_on", None), Ok(Sampler::default()));
    for (name, arg) in [
        ("jaeger_remote", None),
        ("", None),
        ("traceidratio", Some("2")),
        ("traceidratio", Some("x")),
        ("traceidratio", Some("NaN")),
    ] {
        assert!(Sampler::parse(name, arg).is_err(), "{name} {arg:?}");
    }
}
