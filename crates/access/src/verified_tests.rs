//! Tests of the memory and the bound.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use tokio::time::advance;

use crate::{Principal, Refusal, verified::Verifier};

fn somebody() -> Principal {
    Principal::known("u", &["u"], &[])
}

#[tokio::test(start_paused = true)]
async fn good_credentials_are_believed_for_a_minute_and_never_beyond_their_end() {
    let verifier = Verifier::new(1).unwrap();
    let runs = AtomicUsize::new(0);
    let ask = async |holds: Option<Duration>| {
        let verify = async {
            runs.fetch_add(1, Ordering::Relaxed);
            (Ok(somebody()), holds)
        };
        verifier.outcome(&[b"s"], verify).await
    };
    for _ in 0..3 {
        ask(None).await.unwrap();
    }
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    advance(Duration::from_secs(61)).await;
    ask(Some(Duration::from_secs(5))).await.unwrap();
    assert_eq!(runs.load(Ordering::Relaxed), 2);
    advance(Duration::from_secs(6)).await;
    ask(None).await.unwrap();
    assert_eq!(runs.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_remembered_briefly_and_a_temporary_one_not_at_all() {
    let verifier = Verifier::new(1).unwrap();
    let runs = AtomicUsize::new(0);
    for _ in 0..3 {
        let verify = async {
            runs.fetch_add(1, Ordering::Relaxed);
            (Err(Refusal::Unknown), None)
        };
        assert_eq!(verifier.outcome(&[b"bad"], verify).await.unwrap_err(), Refusal::Unknown);
    }
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    advance(Duration::from_secs(11)).await;
    assert!(verifier.outcome(&[b"bad"], async { (Ok(somebody()), None) }).await.is_ok());
    for _ in 0..2 {
        assert!(verifier.outcome(&[b"busy"], async { (Err(Refusal::Busy), None) }).await.is_err());
    }
    assert!(verifier.outcome(&[b"busy"], async { (Ok(somebody()), None) }).await.is_ok());
}

#[tokio::test]
async fn the_same_credential_is_verified_once_however_many_wait() {
    let verifier = Arc::new(Verifier::new(2).unwrap());
    let runs = Arc::new(AtomicUsize::new(0));
    let asks: Vec<_> = (0..100)
        .map(|_| {
            let (verifier, runs) = (Arc::clone(&verifier), Arc::clone(&runs));
            tokio::spawn(async move {
                let work = move || {
                    runs.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(20));
                    true
                };
                let verify = async { (verifier.slowly(&[b"same"], work).await.map(|_| somebody()), None) };
                verifier.outcome(&[b"same"], verify).await.is_ok()
            })
        })
        .collect();
    for ask in asks {
        assert!(ask.await.unwrap());
    }
    assert_eq!(runs.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_passwords_is_told_to_come_back_while_known_ones_pass() {
    let verifier = Arc::new(Verifier::new(1).unwrap());
    verifier.outcome(&[b"known"], async { (Ok(somebody()), None) }).await.unwrap();
    let (go_on, gate) = mpsc::channel::<()>();
    let gate = Arc::new(std::sync::Mutex::new(gate));
    let flood: Vec<_> = (0..200_u32)
        .map(|n| {
            let (verifier, gate) = (Arc::clone(&verifier), Arc::clone(&gate));
            tokio::spawn(async move {
                let work = move || gate.lock().unwrap().recv().is_ok();
                let verify = async { (verifier.slowly(&[&n.to_be_bytes()], work).await.map(|_| somebody()), None) };
                verifier.outcome(&[&n.to_be_bytes()], verify).await.err()
            })
        })
        .collect();
    // Enough have been turned away at once, without waiting for the one that runs.
    while flood.iter().filter(|task| task.is_finished()).count() < 200 - 33 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(verifier.outcome(&[b"known"], async { unreachable!("remembered") }).await.is_ok());
    drop(go_on);
    let mut busy = 0;
    for task in flood {
        if let Some(refusal) = task.await.unwrap() {
            assert_eq!(refusal, Refusal::Busy);
            busy += 1;
        }
    }
    assert_eq!(busy, 200 - 33);
}

/// Their passwords are believed for a minute: then they queued behind whoever had none.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_passwords_shut_out_who_had_been_let_in_before() {
    let verifier = Arc::new(Verifier::new(1).unwrap());
    assert_eq!(verifier.slowly(&[b"known"], || true).await, Ok(true));
    let (go_on, gate) = mpsc::channel::<()>();
    let gate = Arc::new(std::sync::Mutex::new(gate));
    let flood: Vec<_> = (0..33_u8)
        .map(|n| {
            let (verifier, gate) = (Arc::clone(&verifier), Arc::clone(&gate));
            tokio::spawn(async move { verifier.slowly(&[&[n]], move || gate.lock().unwrap().recv().is_ok()).await })
        })
        .collect();
    while verifier.free_places() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(verifier.slowly(&[b"stranger"], || true).await, Err(Refusal::Busy));
    assert_eq!(verifier.slowly(&[b"known"], || true).await, Ok(true));
    assert_eq!(verifier.slowly(&[b"known"], || false).await, Ok(false), "no longer");
    assert_eq!(verifier.slowly(&[b"known"], || true).await, Err(Refusal::Busy), "a stranger again");
    drop(go_on);
    for task in flood {
        assert_eq!(task.await.unwrap(), Ok(false));
    }
}

#[tokio::test]
async fn who_leaves_keeps_the_processor_taken_and_hands_the_wait_on() {
    let verifier = Arc::new(Verifier::new(1).unwrap());
    let (go_on, gate) = mpsc::channel::<()>();
    let leaving = Arc::clone(&verifier);
    let first = tokio::spawn(async move {
        let verify = async { (leaving.slowly(&[b"s"], move || gate.recv().is_ok()).await.map(|_| somebody()), None) };
        leaving.outcome(&[b"s"], verify).await.is_ok()
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    first.abort();
    let other = Arc::clone(&verifier);
    let second = tokio::spawn(async move { other.slowly(&[b"t"], || true).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!second.is_finished(), "the work of the one that left still runs");
    drop(go_on);
    assert_eq!(second.await.unwrap(), Ok(true));
    assert!(verifier.outcome(&[b"s"], async { (Ok(somebody()), None) }).await.is_ok());
}

#[tokio::test]
async fn no_more_is_remembered_than_fits() {
    let verifier = Verifier::new(1).unwrap();
    for n in 0..20_000_u32 {
        verifier.outcome(&[&n.to_be_bytes()], async { (Ok(somebody()), None) }).await.unwrap();
    }
    assert!(verifier.remembered() <= 5000, "{}", verifier.remembered());
}
