//! How long answers live.

use std::{
    sync::atomic::Ordering,
    time::{Duration, SystemTime},
};

use goproxy_engine::{Answer, CacheStatus, ErrorKind, Lifetime, Via};

use crate::world::{Script, World, text};

const LIST: &str = "/example.com/m/@v/list";
const HOUR: Duration = Duration::from_hours(1);

/// Makes what is remembered so old, and the engine forget what it holds in memory.
fn age(world: &mut World, proxy: &std::sync::Arc<Script>, age: Duration) {
    let aged = World::new(&[(proxy, false)], HOUR);
    for (answer, mut remembered) in world.store.answers.lock().unwrap().drain() {
        remembered.asked = SystemTime::now() - age;
        aged.store.answers.lock().unwrap().insert(answer, remembered);
    }
    *world = aged;
}

#[tokio::test]
async fn fresh_then_expired_then_stale() {
    let proxy = Script::new(Via::Proxy, Ok("v1.0.0\nv0.0.0-20200101000000-abcdefabcdef\n"));
    let mut world = World::new(&[(&proxy, false)], HOUR);
    for status in [CacheStatus::Miss, CacheStatus::Hit, CacheStatus::Hit] {
        let reply = world.get(LIST).await.unwrap();
        assert_eq!((text(&reply).as_str(), reply.cache), ("v1.0.0\n", status));
        assert!(matches!(reply.lifetime, Lifetime::Fresh { remaining, .. } if remaining > HOUR / 2));
    }
    assert_eq!(proxy.asked(), 1);
    age(&mut world, &proxy, HOUR * 2);
    proxy.set(Err(ErrorKind::Unavailable));
    for _ in 0..5 {
        let reply = world.get(LIST).await.unwrap();
        assert_eq!(reply.cache, CacheStatus::Stale);
        assert!(matches!(reply.lifetime, Lifetime::Stale { age } if age >= HOUR * 2));
    }
    assert_eq!(proxy.asked(), 2, "a source that failed a moment ago is left alone");
    age(&mut world, &proxy, HOUR * 2);
    proxy.set(Ok("v1.1.0\n"));
    assert_eq!(text(&world.get(LIST).await.unwrap()), "v1.1.0\n");
}

#[tokio::test]
async fn an_answer_of_the_source_ends_staleness() {
    for kind in [ErrorKind::NotFound, ErrorKind::Refused] {
        let proxy = Script::new(Via::Proxy, Ok("v1.0.0\n"));
        let mut world = World::new(&[(&proxy, false)], HOUR);
        world.get(LIST).await.unwrap();
        age(&mut world, &proxy, HOUR * 2);
        proxy.set(Err(kind));
        assert_eq!(world.get(LIST).await.unwrap_err().kind(), kind);
        assert_eq!(world.get(LIST).await.unwrap_err().kind(), kind);
        assert_eq!(proxy.asked(), 2, "and is remembered");
    }
}

#[tokio::test]
async fn failures_are_not_remembered_where_nothing_else_can_be_served() {
    let proxy = Script::new(Via::Proxy, Err(ErrorKind::Unavailable));
    let world = World::new(&[(&proxy, false)], HOUR);
    assert_eq!(world.get(LIST).await.unwrap_err().kind(), ErrorKind::Unavailable);
    proxy.set(Ok("v1.0.0\n"));
    assert_eq!(text(&world.get(LIST).await.unwrap()), "v1.0.0\n", "a lie that was mended stops hurting at once");
}

#[tokio::test]
async fn use_near_the_end_refreshes_once_in_the_background() {
    let proxy = Script::new(Via::Proxy, Ok("v1.0.0\n"));
    let mut world = World::new(&[(&proxy, false)], HOUR);
    world.get(LIST).await.unwrap();
    age(&mut world, &proxy, HOUR * 9 / 10);
    proxy.set(Err(ErrorKind::Unavailable));
    for _ in 0..20 {
        assert_eq!(world.get(LIST).await.unwrap().cache, CacheStatus::Hit);
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    world.get(LIST).await.unwrap();
    assert_eq!(proxy.asked(), 2, "a failing source is not asked for every hit");
}

#[tokio::test]
async fn what_a_source_knew_already_was_fresh_for_a_whole_period_more() {
    let proxy = Script::new(Via::Direct, Ok("v1.0.0\n"));
    let world = World::new(&[(&proxy, false)], HOUR);
    proxy.age.store(40 * 60 * 1000, Ordering::SeqCst);
    for _ in 0..2 {
        let reply = world.get(LIST).await.unwrap();
        assert!(matches!(reply.lifetime, Lifetime::Fresh { remaining, .. } if remaining <= HOUR / 3));
    }
    assert_eq!(proxy.asked(), 1);
}

#[tokio::test]
async fn a_clock_that_was_set_back_asks_again() {
    let proxy = Script::new(Via::Proxy, Ok("v1.0.0\n"));
    let world = World::new(&[(&proxy, false)], HOUR);
    world.get(LIST).await.unwrap();
    let again = World::new(&[(&proxy, false)], HOUR);
    for (answer, mut remembered) in world.store.answers.lock().unwrap().drain() {
        assert!(matches!(answer, Answer::List(_)));
        remembered.asked = SystemTime::now() + HOUR * 24;
        again.store.answers.lock().unwrap().insert(answer, remembered);
    }
    again.get(LIST).await.unwrap();
    assert_eq!(proxy.asked(), 2);
}

#[tokio::test]
async fn cached_only_asks_nobody() {
    let proxy = Script::new(Via::Proxy, Ok("v1.0.0\n"));
    let mut world = World::new(&[(&proxy, false)], HOUR);
    for target in ["/cached-only/example.com/m/@v/list", "/cached-only/example.com/m/@v/v1.0.0.info"] {
        assert_eq!(world.get(target).await.unwrap_err().kind(), ErrorKind::NotCached);
    }
    assert_eq!(proxy.asked(), 0);
    world.get(LIST).await.unwrap();
    age(&mut world, &proxy, HOUR * 2);
    let old = world.get("/cached-only/example.com/m/@v/list").await.unwrap();
    assert_eq!((old.cache, proxy.asked()), (CacheStatus::Stale, 1));
}

#[tokio::test]
async fn a_disk_that_cannot_be_read_made_an_error_of_what_the_source_knows() {
    let proxy = Script::new(Via::Proxy, Ok("v1.0.0\n"));
    let world = World::new(&[(&proxy, false)], HOUR);
    world.store.broken.store(true, Ordering::SeqCst);
    assert_eq!(text(&world.get(LIST).await.unwrap()), "v1.0.0\n");
    assert_eq!(world.get(LIST).await.unwrap().cache, CacheStatus::Hit, "from memory");
}

/// Removed by hand, or moved aside by `goproxy verify` beside us.
#[tokio::test(start_paused = true)]
async fn what_was_removed_from_the_store_was_served_from_memory_for_ever() {
    const INFO: &str = "/example.com/m/@v/v1.0.0.info";
    let proxy = Script::new(Via::Proxy, Ok("{\"Version\":\"v1.0.0\"}"));
    let world = World::new(&[(&proxy, false)], HOUR);
    for _ in 0..3 {
        world.get(INFO).await.unwrap();
    }
    tokio::time::advance(Duration::from_secs(31)).await;
    world.store.broken.store(true, Ordering::SeqCst);
    assert_eq!(world.get(INFO).await.unwrap().cache, CacheStatus::Hit, "a disk that fails is no removal");
    world.store.broken.store(false, Ordering::SeqCst);
    assert_eq!(world.get(INFO).await.unwrap().cache, CacheStatus::Hit, "it is still there");
    world.store.objects.lock().unwrap().clear();
    assert_eq!(world.get(INFO).await.unwrap().cache, CacheStatus::Hit, "it was looked at just now");
    tokio::time::advance(Duration::from_secs(31)).await;
    proxy.set(Err(ErrorKind::NotFound));
    assert_eq!(world.get(INFO).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(proxy.asked(), 2);
}
