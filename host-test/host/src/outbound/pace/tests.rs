//! Facts about the pace, on a clock that the test moves.

use proptest::prelude::*;
use tokio::task::JoinHandle;

use super::*;

const PATIENT: Duration = Duration::from_secs(3600);
const THREE_IN_TEN: Option<Pace> = Some(Pace { requests: 3, window_ms: 10_000 });

fn key(path: &str) -> Key {
    let (connector, origin) = ("scripted".to_owned(), "https://a.example".to_owned());
    Key { connector, origin, app: "1".to_owned(), counted: Counted::Account("2".to_owned()), path: path.to_owned() }
}

struct Bench {
    clock: Clock,
    pacer: Arc<Pacer>,
}

impl Bench {
    fn new(reserve_percent: u32) -> Bench {
        let clock = Clock::manual(1_000_000);
        Bench { pacer: Arc::new(Pacer::new(clock.clone(), reserve_percent)), clock }
    }

    /// One try without patience.
    async fn try_enter(&self, pace: Option<Pace>, lane: Lane) -> Result<Permit, u32> {
        self.pacer.enter(&key("/a"), pace, lane, Duration::ZERO).await
    }

    fn wait(&self, pace: Option<Pace>, lane: Lane, patience: Duration) -> JoinHandle<Result<Permit, u32>> {
        let pacer = self.pacer.clone();
        tokio::spawn(async move { pacer.enter(&key("/a"), pace, lane, patience).await })
    }

    async fn advance(&self, milliseconds: u64) {
        self.clock.advance(Duration::from_millis(milliseconds));
        settle().await;
    }
}

/// Lets every task run until it waits: there is one thread.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_place_comes_back_one_window_after_the_answer() {
    let bench = Bench::new(0);
    let first = bench.try_enter(THREE_IN_TEN, Lane::Live).await.ok();
    drop(bench.try_enter(THREE_IN_TEN, Lane::Live).await);
    drop(bench.try_enter(THREE_IN_TEN, Lane::Live).await);
    let waiting = bench.wait(THREE_IN_TEN, Lane::Live, PATIENT);
    bench.advance(4_000).await;
    drop(first);
    bench.advance(5_999).await;
    assert!(!waiting.is_finished());
    bench.advance(1).await;
    assert!(waiting.await.unwrap().is_ok());
    // The second answered one is free as well; the first was answered four seconds later, and the one just now is under way.
    drop(bench.try_enter(THREE_IN_TEN, Lane::Live).await.unwrap());
    assert_eq!(bench.try_enter(THREE_IN_TEN, Lane::Live).await.err(), Some(4_000));
}

#[tokio::test]
async fn who_would_wait_too_long_is_told_the_true_wait() {
    let bench = Bench::new(0);
    for _ in 0..3 {
        drop(bench.try_enter(THREE_IN_TEN, Lane::Live).await.unwrap());
        bench.advance(1_000).await;
    }
    assert_eq!(bench.try_enter(THREE_IN_TEN, Lane::Live).await.err(), Some(7_000));
    let second = bench.wait(THREE_IN_TEN, Lane::Live, Duration::from_secs(7));
    settle().await;
    // One is ahead: the next place but one.
    assert_eq!(bench.try_enter(THREE_IN_TEN, Lane::Live).await.err(), Some(8_000));
    bench.advance(6_999).await;
    assert!(!second.is_finished());
    bench.advance(1).await;
    assert!(second.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_request_on_its_way_holds_its_place() {
    let bench = Bench::new(0);
    let pace = Some(Pace { requests: 1, window_ms: 10_000 });
    let held = bench.try_enter(pace, Lane::Live).await.unwrap();
    bench.advance(60_000).await;
    assert_eq!(bench.try_enter(pace, Lane::Live).await.err(), Some(10_000));
    drop(held);
    bench.advance(10_000).await;
    assert!(bench.try_enter(pace, Lane::Live).await.is_ok());
}

#[tokio::test]
async fn what_was_not_sent_does_not_count() {
    let bench = Bench::new(0);
    let pace = Some(Pace { requests: 1, window_ms: 10_000 });
    let permit = bench.try_enter(pace, Lane::Live).await.unwrap();
    let waiting = bench.wait(pace, Lane::Live, PATIENT);
    settle().await;
    assert!(!waiting.is_finished());
    permit.give_back();
    assert!(waiting.await.unwrap().is_ok());
}

#[tokio::test]
async fn live_work_goes_ahead_of_bulk_work_that_waited_longer() {
    let bench = Bench::new(0);
    let pace = Some(Pace { requests: 1, window_ms: 10_000 });
    drop(bench.try_enter(pace, Lane::Bulk).await.unwrap());
    let bulk = bench.wait(pace, Lane::Bulk, PATIENT);
    settle().await;
    let live = bench.wait(pace, Lane::Live, PATIENT);
    settle().await;
    bench.clock.advance(Duration::from_secs(10));
    // The place is free and nobody has taken it yet: it is not for bulk work, not even for one that comes at the right moment. That one
    // waits for the live one and for the other bulk one, a window each.
    assert_eq!(bench.try_enter(pace, Lane::Bulk).await.err(), Some(20_000));
    settle().await;
    assert_eq!((live.is_finished(), bulk.is_finished()), (true, false));
    drop(live.await);
    bench.advance(10_000).await;
    assert!(bulk.await.unwrap().is_ok());
}

#[tokio::test]
async fn each_lane_is_first_come_first_served() {
    let bench = Bench::new(0);
    let pace = Some(Pace { requests: 1, window_ms: 1_000 });
    drop(bench.try_enter(pace, Lane::Bulk).await.unwrap());
    let mut waiting = Vec::new();
    for _ in 0..5 {
        waiting.push(bench.wait(pace, Lane::Bulk, PATIENT));
        settle().await;
    }
    while !waiting.is_empty() {
        bench.advance(1_000).await;
        assert!(waiting.iter().skip(1).all(|later| !later.is_finished()));
        drop(waiting.remove(0).await.unwrap().unwrap());
    }
}

#[tokio::test]
async fn bulk_work_leaves_a_share_to_live_work() {
    let bench = Bench::new(4);
    let pace = Some(Pace { requests: 50, window_ms: 10_000 });
    for _ in 0..48 {
        drop(bench.try_enter(pace, Lane::Bulk).await.unwrap());
    }
    assert_eq!(bench.try_enter(pace, Lane::Bulk).await.err(), Some(10_000));
    drop(bench.try_enter(pace, Lane::Live).await.unwrap());
    drop(bench.try_enter(pace, Lane::Live).await.unwrap());
    assert!(bench.try_enter(pace, Lane::Live).await.is_err());
}

#[tokio::test]
async fn nobody_goes_while_a_path_is_shut_and_everybody_hears_of_it() {
    let bench = Bench::new(0);
    for pace in [THREE_IN_TEN, None] {
        let path = if pace.is_some() { "/a" } else { "/free" };
        bench.pacer.close(&key(path), Duration::from_secs(30));
        assert_eq!(bench.pacer.enter(&key(path), pace, Lane::Live, Duration::from_secs(29)).await.err(), Some(30_000));
    }
    let waiting = bench.wait(THREE_IN_TEN, Lane::Live, Duration::from_secs(40));
    bench.advance(29_999).await;
    assert!(!waiting.is_finished());
    // Shut again while somebody waits: the wait is longer now, and that one gives up.
    bench.pacer.close(&key("/a"), Duration::from_secs(60));
    settle().await;
    assert_eq!(waiting.await.unwrap().err(), Some(60_000));
    // A shorter time does not open it.
    bench.pacer.close(&key("/a"), Duration::from_secs(1));
    bench.advance(59_999).await;
    assert_eq!(bench.try_enter(THREE_IN_TEN, Lane::Live).await.err(), Some(1));
    bench.advance(1).await;
    assert!(bench.try_enter(THREE_IN_TEN, Lane::Live).await.is_ok());
    assert!(bench.pacer.enter(&key("/other"), THREE_IN_TEN, Lane::Live, Duration::ZERO).await.is_ok());
}

#[tokio::test]
async fn who_gives_up_leaves_the_queue() {
    let bench = Bench::new(0);
    let pace = Some(Pace { requests: 1, window_ms: 10_000 });
    drop(bench.try_enter(pace, Lane::Live).await.unwrap());
    let first = bench.wait(pace, Lane::Live, PATIENT);
    settle().await;
    let second = bench.wait(pace, Lane::Live, PATIENT);
    settle().await;
    first.abort();
    bench.advance(10_000).await;
    assert!(second.await.unwrap().is_ok());
}

#[tokio::test]
async fn paths_accounts_apps_and_servers_are_counted_apart() {
    let bench = Bench::new(0);
    let pace = Some(Pace { requests: 1, window_ms: 10_000 });
    let base = key("/a");
    let others = [
        Key { connector: "other".to_owned(), ..base.clone() },
        Key { origin: "https://b.example".to_owned(), ..base.clone() },
        Key { app: "9".to_owned(), ..base.clone() },
        Key { counted: Counted::Account("9".to_owned()), ..base.clone() },
        Key { counted: Counted::Connection("2".to_owned()), ..base.clone() },
        key("/b"),
        base.clone(),
    ];
    for key in &others {
        drop(bench.pacer.enter(key, pace, Lane::Live, Duration::ZERO).await.unwrap());
    }
    assert!(bench.pacer.enter(&base, pace, Lane::Live, Duration::ZERO).await.is_err());
}

#[tokio::test]
async fn paths_that_nobody_needs_are_forgotten() {
    let bench = Bench::new(0);
    for number in 0..2_000 {
        let key = key(&format!("/{number}"));
        drop(bench.pacer.enter(&key, THREE_IN_TEN, Lane::Live, Duration::ZERO).await.unwrap());
        bench.clock.advance(Duration::from_secs(1));
    }
    assert!(lock(&bench.pacer.gates).by_key.len() <= 300);
}

#[tokio::test]
async fn a_clock_that_is_set_back_holds_nobody_for_longer_than_a_window() {
    let pace = Some(Pace { requests: 1, window_ms: 10_000 });
    let gate = Arc::new(Gate::default());
    lock(&gate.state).window = 10_000;
    lock(&gate.state).done.push_back(5_000_000);
    let pacer = Pacer::new(Clock::manual(1_000_000), 0);
    lock(&pacer.gates).by_key.insert(key("/a"), gate);
    assert_eq!(pacer.enter(&key("/a"), pace, Lane::Live, Duration::ZERO).await.err(), Some(10_000));
}

#[derive(Clone, Debug)]
enum Event {
    Advance(u64),
    Try(bool),
    Arrive(prop::sample::Index),
    Answer(prop::sample::Index),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (1..700u64).prop_map(Event::Advance),
        any::<bool>().prop_map(Event::Try),
        any::<bool>().prop_map(Event::Try),
        any::<prop::sample::Index>().prop_map(Event::Arrive),
        any::<prop::sample::Index>().prop_map(Event::Answer),
    ]
}

proptest! {
    /// Whenever requests arrive between departure and answer, no window of the other side ever sees more than the pace, and who is told
    /// to come back in so many milliseconds does find a place then, if nobody else took it.
    #[test]
    fn no_window_sees_more_than_the_pace(events in prop::collection::vec(event(), 1..200)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let bench = Bench::new(0);
            let pace = Pace { requests: 3, window_ms: 1_000 };
            let mut under_way: Vec<(Permit, bool)> = Vec::new();
            let mut arrivals: Vec<Instant> = Vec::new();
            for event in events {
                match event {
                    Event::Advance(time) => bench.clock.advance(Duration::from_millis(time)),
                    Event::Try(live) => {
                        let lane = if live { Lane::Live } else { Lane::Bulk };
                        if let Ok(permit) = bench.try_enter(Some(pace), lane).await {
                            under_way.push((permit, false));
                        }
                    }
                    Event::Arrive(which) if !under_way.is_empty() => {
                        let which = which.index(under_way.len());
                        let arrived = &mut under_way[which].1;
                        if !std::mem::replace(arrived, true) {
                            arrivals.push(bench.clock.now());
                        }
                    }
                    Event::Answer(which) if !under_way.is_empty() => {
                        let (permit, arrived) = under_way.remove(which.index(under_way.len()));
                        if !arrived {
                            arrivals.push(bench.clock.now());
                        }
                        drop(permit);
                    }
                    Event::Arrive(_) | Event::Answer(_) => {}
                }
            }
            for (index, last) in arrivals.iter().enumerate() {
                let window = arrivals[..=index].iter().filter(|arrival| **arrival > last - 1_000).count();
                assert!(window <= 3, "{window} arrivals in one window");
            }
            under_way.clear();
            if let Err(wait) = bench.try_enter(Some(pace), Lane::Bulk).await {
                bench.clock.advance(Duration::from_millis(u64::from(wait) - 1));
                assert!(bench.try_enter(Some(pace), Lane::Bulk).await.is_err());
                bench.clock.advance(Duration::from_millis(1));
                assert!(bench.try_enter(Some(pace), Lane::Bulk).await.is_ok());
            }
        });
    }
}

#[tokio::test]
async fn a_path_that_was_shut_while_the_clock_was_ahead_is_shut_for_as_long_as_was_said() {
    let bench = Bench::new(0);
    let (start, hour) = (bench.clock.now(), 3_600_000);
    bench.clock.set(start + hour);
    bench.pacer.close(&key("/a"), Duration::from_secs(30));
    bench.clock.set(start);
    assert_eq!(bench.try_enter(THREE_IN_TEN, Lane::Live).await.err(), Some(30_000));
    // Without a pace as well, and somebody with patience goes once it is open.
    let waits = bench.wait(None, Lane::Live, Duration::from_secs(60));
    settle().await;
    bench.advance(29_999).await;
    assert!(!waits.is_finished());
    bench.advance(1).await;
    assert!(waits.await.unwrap().is_ok());
}

#[tokio::test]
async fn nobody_s_patience_lasts_longer_for_a_clock_that_was_set_back() {
    let bench = Bench::new(0);
    let (start, hour) = (bench.clock.now(), 3_600_000);
    bench.clock.set(start + hour);
    bench.pacer.close(&key("/a"), Duration::from_secs(20));
    let waits = bench.wait(None, Lane::Live, Duration::from_secs(30));
    settle().await;
    bench.clock.set(start);
    // It hears that something has changed, and looks at the clock.
    bench.pacer.close(&key("/a"), Duration::from_secs(50));
    settle().await;
    assert!(waits.is_finished(), "it would take longer than it waits");
    assert_eq!(waits.await.unwrap().err(), Some(50_000));
}
