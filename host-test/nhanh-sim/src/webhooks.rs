//! Webhook deliveries: one at a time by default, 200 is the only success, three retries (reference section 8.3).
//!
//! Must never follow a redirect, nor decide what a delivery says.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Semaphore, mpsc, watch};

use crate::access::WebhookForm;
use crate::clock::Clock;
use crate::dialect::Dialect;
use crate::settings::Settings;

/// How many attempts the log keeps.
const LOG_LENGTH: usize = 200_000;

/// What became of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// Answered 200.
    Delivered,
    /// Not answered 200; it will be sent again.
    WillRetry,
    /// Not answered 200 for the last time.
    GivenUp,
    /// Lost on purpose: never sent.
    Lost,
}

/// One attempt to deliver a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryLog {
    /// The delivery's number; its retries share it.
    pub delivery: u64,
    /// The event's name.
    pub event: String,
    /// The app.
    pub app: i64,
    /// The business; a probe has none.
    pub business: Option<i64>,
    /// 1 for the first attempt.
    pub attempt: usize,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// What became of it.
    pub outcome: DeliveryOutcome,
    /// When it ended, unix ms.
    pub at_ms: i64,
}

/// In which order held deliveries are let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// As they came.
    AsCreated,
    /// The last one first.
    Reversed,
}

/// A delivery on its way.
#[derive(Clone)]
pub(crate) struct Letter {
    pub(crate) event: &'static str,
    pub(crate) app: i64,
    pub(crate) business: Option<i64>,
    pub(crate) url: String,
    /// The `Authorization` header: the bare verify token, in 3.0 only (3.0 reference section 11.1).
    authorization: Option<String>,
    body: Arc<[u8]>,
}

impl Letter {
    /// A letter to where a form says, with the proof where its version has it.
    pub(crate) fn new(event: &'static str, app: i64, business: Option<i64>, form: &WebhookForm, body: Arc<[u8]>) -> Self {
        let authorization = (form.version == Dialect::V3).then(|| form.verify_token.clone());
        Self { event, app, business, url: form.callback_url.clone(), authorization, body }
    }
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Header and body hold the verify token.
        f.debug_struct("Letter").field("event", &self.event).field("app", &self.app).finish_non_exhaustive()
    }
}

#[derive(Clone, Debug)]
struct Posted {
    number: u64,
    attempt: usize,
    letter: Letter,
}

#[derive(Debug, Default)]
struct Desk {
    next: u64,
    lose: u32,
    repeat: u32,
    held: Option<Vec<Letter>>,
    /// Deliveries given up in a row, by app.
    failures: HashMap<i64, u32>,
    log: VecDeque<DeliveryLog>,
}

/// The post office of one simulator.
#[derive(Debug)]
pub(crate) struct Post {
    desk: Mutex<Desk>,
    queue: mpsc::UnboundedSender<Posted>,
    /// Deliveries that are neither delivered nor given up.
    open: watch::Sender<usize>,
    client: reqwest::Client,
    retry_after: [Duration; 3],
    off_after: Option<u32>,
    clock: Clock,
}

impl Post {
    /// Opens the office; deliveries end when `closed` turns true.
    pub(crate) fn open(settings: &Settings, runtime: &tokio::runtime::Handle, closed: watch::Receiver<bool>) -> std::io::Result<Arc<Self>> {
        // An error here only says that another part of the process has installed a provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(settings.webhook_timeout)
            .no_proxy()
            .build()
            .map_err(std::io::Error::other)?;
        let (queue, waiting) = mpsc::unbounded_channel();
        let post = Arc::new(Self {
            desk: Mutex::default(),
            queue,
            open: watch::Sender::new(0),
            client,
            retry_after: settings.retry_after,
            off_after: settings.webhooks_off_after,
            clock: settings.now.clone(),
        });
        runtime.spawn(work(post.clone(), waiting, settings.webhook_concurrency.max(1), closed));
        Ok(post)
    }

    /// The client that deliveries use; it follows no redirect.
    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Notes that something will be posted later, so that [`Post::idle`] waits for it.
    pub(crate) fn expect(&self) {
        self.open.send_modify(|open| *open += 1);
    }

    /// Takes back one [`Post::expect`].
    pub(crate) fn settle(&self) {
        self.open.send_modify(|open| *open = open.saturating_sub(1));
    }

    /// Sends a letter, or holds, loses or repeats it as the switches say.
    pub(crate) fn send(&self, letter: Letter) {
        let mut desk = self.desk();
        if let Some(held) = &mut desk.held {
            held.push(letter);
            return;
        }
        if desk.lose > 0 {
            desk.lose -= 1;
            let posted = Posted { number: desk.number(), attempt: 0, letter };
            self.log(&mut desk, &posted, None, DeliveryOutcome::Lost);
            return;
        }
        let copies = if desk.repeat > 0 { 2 } else { 1 };
        desk.repeat = desk.repeat.saturating_sub(1);
        let posted = Posted { number: desk.number(), attempt: 1, letter };
        drop(desk);
        for _ in 0..copies {
            self.expect();
            if self.queue.send(posted.clone()).is_err() {
                self.settle();
            }
        }
    }

    /// Posts a body once, now, and says what it was answered.
    pub(crate) async fn probe(&self, letter: Letter) -> Result<u16, String> {
        let result = attempt(&self.client, &letter).await;
        let mut desk = self.desk();
        let posted = Posted { number: desk.number(), attempt: 1, letter };
        let status = result.as_ref().ok().copied();
        let outcome = if status == Some(200) { DeliveryOutcome::Delivered } else { DeliveryOutcome::GivenUp };
        self.log(&mut desk, &posted, status, outcome);
        result
    }

    /// Waits until nothing is under way or waiting for a retry. Held deliveries do not count.
    pub(crate) async fn idle(&self) {
        // The sender lives in `self`, so the wait cannot fail.
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }

    /// Whether so many deliveries failed that the app gets none any more.
    pub(crate) fn is_off(&self, app: i64) -> bool {
        self.off_after.is_some_and(|limit| self.desk().failures.get(&app).is_some_and(|count| *count >= limit))
    }

    /// Forgets an app's failures.
    pub(crate) fn turn_on(&self, app: i64) {
        self.desk().failures.remove(&app);
    }

    pub(crate) fn lose(&self, count: u32) {
        self.desk().lose = count;
    }

    pub(crate) fn repeat(&self, count: u32) {
        self.desk().repeat = count;
    }

    pub(crate) fn hold(&self) {
        self.desk().held.get_or_insert_default();
    }

    pub(crate) fn release(&self, order: Release) {
        let mut held = self.desk().held.take().unwrap_or_default();
        if order == Release::Reversed {
            held.reverse();
        }
        held.into_iter().for_each(|letter| self.send(letter));
    }

    /// How many of the next deliveries are lost, how many are sent twice, and how many are held back, where they are.
    pub(crate) fn fates(&self) -> (u32, u32, Option<usize>) {
        let desk = self.desk();
        (desk.lose, desk.repeat, desk.held.as_ref().map(Vec::len))
    }

    pub(crate) fn deliveries(&self) -> Vec<DeliveryLog> {
        self.desk().log.iter().cloned().collect()
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self, desk: &mut Desk, posted: &Posted, status: Option<u16>, outcome: DeliveryOutcome) {
        if desk.log.len() == LOG_LENGTH {
            desk.log.pop_front();
        }
        let letter = &posted.letter;
        desk.log.push_back(DeliveryLog {
            delivery: posted.number,
            event: letter.event.to_owned(),
            app: letter.app,
            business: letter.business,
            attempt: posted.attempt,
            status,
            outcome,
            at_ms: self.clock.now_ms(),
        });
    }

    /// One attempt, and the next one if it failed.
    async fn deliver(self: Arc<Self>, mut posted: Posted, mut closed: watch::Receiver<bool>) {
        let status = attempt(&self.client, &posted.letter).await.ok();
        let wait = self.retry_after.get(posted.attempt.saturating_sub(1)).copied();
        let outcome = match (status, wait) {
            (Some(200), _) => DeliveryOutcome::Delivered,
            (_, Some(_)) => DeliveryOutcome::WillRetry,
            (_, None) => DeliveryOutcome::GivenUp,
        };
        let mut desk = self.desk();
        match outcome {
            DeliveryOutcome::Delivered => drop(desk.failures.remove(&posted.letter.app)),
            DeliveryOutcome::GivenUp => *desk.failures.entry(posted.letter.app).or_default() += 1,
            DeliveryOutcome::WillRetry | DeliveryOutcome::Lost => {}
        }
        self.log(&mut desk, &posted, status, outcome.clone());
        drop(desk);
        match wait {
            Some(wait) if outcome == DeliveryOutcome::WillRetry => {
                posted.attempt += 1;
                tokio::spawn(async move {
                    tokio::select! {
                        () = tokio::time::sleep(wait) => if self.queue.send(posted).is_err() { self.settle() },
                        _ = closed.wait_for(|closed| *closed) => self.settle(),
                    }
                });
            }
            _ => self.settle(),
        }
    }
}

impl Desk {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

async fn attempt(client: &reqwest::Client, letter: &Letter) -> Result<u16, String> {
    let mut request = client.post(&letter.url).header("content-type", "application/json").body(letter.body.to_vec());
    if let Some(token) = &letter.authorization {
        request = request.header("authorization", token);
    }
    let response = request.send().await.map_err(|error| error.without_url().to_string())?;
    let status = response.status().as_u16();
    // The body is read to its end, so that the connection can serve the next delivery; what it says does not matter.
    let _ = response.bytes().await;
    Ok(status)
}

async fn work(post: Arc<Post>, mut waiting: mpsc::UnboundedReceiver<Posted>, at_a_time: usize, mut closed: watch::Receiver<bool>) {
    let slots = Arc::new(Semaphore::new(at_a_time));
    let shut = closed.clone();
    let carry = async {
        while let Some(posted) = waiting.recv().await {
            let Ok(slot) = slots.clone().acquire_owned().await else { break };
            let delivery = post.clone().deliver(posted, shut.clone());
            tokio::spawn(async move {
                delivery.await;
                drop(slot);
            });
        }
    };
    tokio::select! {
        () = carry => {}
        _ = closed.wait_for(|closed| *closed) => {}
    }
    // Nobody may wait for what will never be sent.
    post.open.send_replace(0);
}

/// The bytes of a body.
pub(crate) fn bytes(body: &Value) -> Arc<[u8]> {
    body.to_string().into_bytes().into()
}
