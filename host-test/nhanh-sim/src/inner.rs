//! What every handle and every connection share: the state, the limits, the faults, the post, the log.
//!
//! One lock guards the state, and it is never held across an await.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::access::{Access, AppForm, Registered, WebhookForm, is_acceptable, is_verify_token};
use crate::cursors::Cursors;
use crate::events::EventKind;
use crate::faults::Faults;
use crate::limits::Limits;
use crate::settings::Settings;
use crate::shop::{Event, Shop};
use crate::simulator::SaveError;
use crate::webhooks::{Letter, Post, bytes};
use crate::wire::reply::{Answer, Refusal};
use crate::wire::{self, Ask, Desk};

/// How many requests the log keeps.
const LOG_LENGTH: usize = 200_000;

/// The most products of one `inventoryChange` (reference section 8.4).
const BATCH: usize = 100;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// `code` 1.
    Done,
    /// `code` 0: the `errorCode`, or the text where there is none.
    Refused(String),
    /// The rate limit.
    RateLimited {
        /// For how long the URL is locked.
        locked_seconds: i64,
    },
    /// A fault kept it from being done, or 2.0 has ended.
    Undone,
}

/// One request of the API; it holds no token, no secret and no personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestLog {
    /// The path.
    pub path: String,
    /// The app it named.
    pub app: Option<i64>,
    /// The business it named.
    pub business: Option<i64>,
    /// What became of it in the shop; the caller may have seen something else, see `fault`.
    pub outcome: Outcome,
    /// The fault it met.
    pub fault: Option<crate::Fault>,
    /// When it came, unix ms.
    pub at_ms: i64,
}

/// What the one lock guards.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) shop: Shop,
    pub(crate) access: Access,
    pub(crate) limits: Limits,
    cursors: Cursors,
    log: VecDeque<RequestLog>,
    /// Products whose stock changed and that wait for the next batch, by business.
    changed: HashMap<i64, BTreeSet<i64>>,
}

/// The shared inside of a simulator.
#[derive(Debug)]
pub(crate) struct Inner {
    state: Mutex<State>,
    pub(crate) faults: Faults,
    pub(crate) post: Arc<Post>,
    pub(crate) settings: Settings,
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) origin: String,
}

impl Inner {
    pub(crate) fn new(settings: Settings, shop: Shop, post: Arc<Post>, runtime: tokio::runtime::Handle, origin: String) -> Self {
        let state = State {
            shop,
            access: Access::new(settings.seed),
            limits: Limits::new(settings.pace),
            cursors: Cursors::default(),
            log: VecDeque::new(),
            changed: HashMap::new(),
        };
        Self { state: Mutex::new(state), faults: Faults::default(), post, settings, runtime, origin }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.settings.now.now_ms()
    }

    /// Changes the shop and posts what happened.
    pub(crate) fn change<T>(self: &Arc<Self>, change: impl FnOnce(&mut Shop, i64) -> T) -> T {
        let now = self.now_ms();
        let mut state = self.state();
        self.lapse_holds(&mut state, now);
        let result = change(&mut state.shop, now);
        self.publish(&mut state, now);
        result
    }

    /// Ends the reservations whose time is over, where the switch names one.
    fn lapse_holds(&self, state: &mut State, now_ms: i64) {
        if let Some(after) = self.faults.switches().holds_lapse_after_ms {
            state.shop.lapse_holds(None, now_ms.saturating_sub(after), now_ms);
        }
    }

    /// Does what a request asks and encodes the answer. `late` hides a new order from reads for another while than the switches say.
    pub(crate) fn handle(self: &Arc<Self>, ask: &Ask, late: Option<Duration>, fault: Option<crate::Fault>) -> Answer {
        let now_ms = self.now_ms();
        let switches = self.faults.switches();
        let mut guard = self.state();
        let state = &mut *guard;
        self.lapse_holds(state, now_ms);
        let desk = Desk {
            shop: &mut state.shop,
            access: &mut state.access,
            limits: &mut state.limits,
            cursors: &mut state.cursors,
            switches: &switches,
            settings: &self.settings,
            now_ms,
            late_ms: ms(late.unwrap_or(switches.shown_after)),
        };
        let result = wire::answer(desk, ask);
        state.note(ask, outcome(&result), fault, now_ms);
        self.publish(state, now_ms);
        drop(guard);
        result.unwrap_or_else(|refusal| wire::refused(ask.dialect(), &refusal, &switches))
    }

    /// Answers with the rate limit whatever the count is.
    pub(crate) fn lock_out(&self, ask: &Ask) -> Answer {
        let now_ms = self.now_ms();
        let mut state = self.state();
        let (app, business) = (ask.app.unwrap_or(0), ask.business.unwrap_or(0));
        let refusal = Refusal::RateLimited(state.limits.lock(app, business, &ask.path, now_ms));
        let what = outcome(&Err(refusal.clone()));
        state.note(ask, what, Some(crate::Fault::RateLimited), now_ms);
        wire::refused(ask.dialect(), &refusal, &self.faults.switches())
    }

    /// Notes a request that was not done: a fault kept it from it, or its dialect has ended.
    pub(crate) fn note_undone(&self, ask: &Ask, fault: Option<crate::Fault>) {
        let now_ms = self.now_ms();
        self.state().note(ask, Outcome::Undone, fault, now_ms);
    }

    /// The HTTP status of every answer of 2.0 once its time is over.
    pub(crate) fn ended(&self) -> Option<u16> {
        let switches = self.faults.switches();
        switches.v2_ends_at_ms.is_some_and(|end| end <= self.now_ms()).then_some(switches.v2_ended_status)
    }

    /// Saves an app's form as its owner does; with webhooks on, that sends the probe.
    pub(crate) async fn save_app(&self, app: i64, form: AppForm) -> Result<(), SaveError> {
        if let Some(url) = form.redirect_urls.iter().find(|url| !is_acceptable(url)) {
            return Err(SaveError::Url(url.clone()));
        }
        if let Some(webhooks) = &form.webhooks {
            self.probe(app, webhooks).await?;
        }
        self.state().access.app_mut(app).ok_or(SaveError::UnknownApp(app))?.form = form;
        Ok(())
    }

    /// Asks the callback URL whether it is the app's (reference section 8.2).
    pub(crate) async fn probe(&self, app: i64, form: &WebhookForm) -> Result<(), SaveError> {
        if self.state().access.app(app).is_none() {
            return Err(SaveError::UnknownApp(app));
        }
        if !is_acceptable(&form.callback_url) {
            return Err(SaveError::Url(form.callback_url.clone()));
        }
        if !is_verify_token(&form.verify_token) {
            return Err(SaveError::VerifyToken);
        }
        let body = bytes(&wire::events::probe(form.version, &form.verify_token, &form.events));
        match self.post.probe(Letter::new("webhooksEnabled", app, None, form, body)).await {
            Ok(200) => {
                self.post.turn_on(app);
                Ok(())
            }
            Ok(status) => Err(SaveError::ProbeStatus(status)),
            Err(error) => Err(SaveError::ProbeLost(error)),
        }
    }

    pub(crate) fn requests(&self) -> Vec<RequestLog> {
        self.state().log.iter().cloned().collect()
    }

    /// Posts what happened in the shop to every app that ticked it and may know it.
    fn publish(self: &Arc<Self>, state: &mut State, now_ms: i64) {
        let mut flush = BTreeSet::new();
        for (business, event) in state.shop.take_events() {
            if let Event::InventoryChange(product) = event {
                if self.settings.stock_batch.is_zero() {
                    self.post_stock(state, business, &[product], now_ms);
                } else {
                    let waiting = state.changed.entry(business).or_default();
                    if waiting.is_empty() {
                        flush.insert(business);
                    }
                    waiting.insert(product);
                }
                continue;
            }
            let follow = matches!((&event, self.faults.switches().update_follows_add), (Event::OrderAdd(_), true));
            let second = if let (true, Event::OrderAdd(id)) = (follow, &event) { Some(Event::OrderUpdate(*id)) } else { None };
            for event in std::iter::once(event).chain(second) {
                self.post_event(state, business, &event, now_ms);
            }
        }
        for business in flush {
            self.post.expect();
            let inner = self.clone();
            self.runtime.spawn(async move {
                tokio::time::sleep(inner.settings.stock_batch).await;
                inner.flush(business);
                inner.post.settle();
            });
        }
    }

    /// Posts one event to every app that gets it, in the version that its form names.
    fn post_event(&self, state: &State, business: i64, event: &Event, now_ms: i64) {
        let Some(home) = state.shop.business(business) else { return };
        let switches = self.faults.switches();
        let kind = EventKind::of(event);
        for (app, form) in self.receivers(state, business, kind, now_ms) {
            let Some(body) = wire::events::body(form.version, event, home, &form.verify_token, &switches) else { continue };
            self.post.send(Letter::new(kind.name(), app, Some(business), &form, bytes(&body)));
        }
    }

    /// Tells an app that a business is about to remove it.
    pub(crate) fn post_uninstalled(&self, state: &State, app: i64, business: i64, now_ms: i64) {
        let kind = EventKind::AppUninstalled;
        for (id, form) in self.receivers(state, business, kind, now_ms) {
            if id == app && EventKind::all(form.version).contains(&kind) {
                let body = bytes(&wire::v3::events::uninstalled(business));
                self.post.send(Letter::new(kind.name(), app, Some(business), &form, body));
            }
        }
    }

    /// Posts the stock changes that were collected.
    fn flush(&self, business: i64) {
        let now_ms = self.now_ms();
        let mut state = self.state();
        let products: Vec<i64> = state.changed.remove(&business).unwrap_or_default().into_iter().collect();
        for batch in products.chunks(BATCH) {
            self.post_stock(&state, business, batch, now_ms);
        }
    }

    /// The apps that get an event: active, webhooks on, event ticked, and a living token with the right for it (reference section 8.1).
    fn receivers(&self, state: &State, business: i64, kind: EventKind, now_ms: i64) -> Vec<(i64, WebhookForm)> {
        let wants = |app: &Registered| {
            let form = app.form.webhooks.as_ref().filter(|form| app.active && form.events.contains(&kind))?;
            let id = app.app.app_id;
            let may = state.access.may(id, business, kind.permission(), now_ms) && !self.post.is_off(id);
            may.then(|| (id, form.clone()))
        };
        state.access.apps().filter_map(wants).collect()
    }

    fn post_stock(&self, state: &State, business: i64, products: &[i64], now_ms: i64) {
        let Some(home) = state.shop.business(business) else { return };
        let switches = self.faults.switches();
        let kind = EventKind::InventoryChange;
        for (app, form) in self.receivers(state, business, kind, now_ms) {
            let body = wire::events::stock(form.version, products, home, &form.verify_token, &switches);
            self.post.send(Letter::new(kind.name(), app, Some(business), &form, bytes(&body)));
        }
    }
}

impl State {
    fn note(&mut self, ask: &Ask, outcome: Outcome, fault: Option<crate::Fault>, at_ms: i64) {
        if self.log.len() == LOG_LENGTH {
            self.log.pop_front();
        }
        self.log.push_back(RequestLog { path: ask.path.clone(), app: ask.app, business: ask.business, outcome, fault, at_ms });
    }
}

fn outcome(result: &Result<Answer, Refusal>) -> Outcome {
    match result {
        Ok(_) => Outcome::Done,
        Err(Refusal::RateLimited(locked)) => Outcome::RateLimited { locked_seconds: locked.seconds },
        Err(Refusal::Said { code: Some(code), .. } | Refusal::Field { code: Some(code), .. }) => Outcome::Refused((*code).to_owned()),
        Err(Refusal::Said { code: None, text } | Refusal::Field { code: None, text, .. }) => Outcome::Refused(text.clone()),
    }
}

/// A duration in milliseconds.
pub(crate) fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
