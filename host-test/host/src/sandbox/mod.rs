//! Runs connectors: one fresh instance a call, with limits. A guest sees its arguments, `http.send` and `log.emit`, and nothing else.
//!
//! [`Sandbox`] holds the engine, [`Connector`] one admitted component; each of its methods is one call of the contract and returns an
//! [`Outcome`]: the answer or a typed error, with usage and log lines in both cases. The sandbox never knows a connection, a secret or a
//! store: what a guest may reach is what the [`Courier`] of the call lets it reach.

mod admission;
mod cache;
mod config;
mod dynamic;
mod engine;
mod error;
mod exports;
mod fit;
mod imports;
mod limits;
mod slots;
mod text;
mod witness;

use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tracing::Instrument as _;
use wasmtime::component::{Component, ComponentNamedList, Instance, InstancePre, Lift, Linker, Lower};
use wasmtime::{Engine, Store};

use self::admission::World;
pub use self::cache::{CacheError, CacheMiss, CodeCache, CodeSource};
pub use self::config::{AdmissionConfig, EngineConfig, SandboxConfig, SandboxError};
pub use self::dynamic::{Function, Program};
pub use self::error::{AdmissionError, CallError, Flaw, Limit, Misfit};
use self::exports::{Export, Exports};
use self::fit::Fit;
use self::imports::CallState;
pub use self::imports::{Courier, LogLine};
use self::limits::Commons;
pub use self::limits::Usage;
use self::slots::{Shares, Slot, Slots};
pub(crate) use self::text::one_line;
pub use self::witness::Witness;
use self::witness::{show, show_reply};
use crate::contract::{self, catalog, http, orders, types};
use crate::seeing::figures;

/// What one call came to.
#[derive(Debug)]
pub struct Outcome<T> {
    /// The answer, or why there is none. A guest's own failure is inside the answer.
    pub result: Result<T, CallError>,
    /// What the call used, also when it failed.
    pub usage: Usage,
    /// What the guest wrote, also when it failed.
    pub logs: Vec<LogLine>,
}

/// The answer of a contract function that can fail.
pub type Answer<T> = Outcome<Result<T, types::Failure>>;

/// The engine and its slots.
pub struct Sandbox {
    engine: Engine,
    config: SandboxConfig,
    slots: Slots,
    shares: Shares,
    commons: Arc<Commons>,
    pooled: bool,
    witness: Option<Arc<dyn Witness>>,
    cache: Option<CodeCache>,
}

impl Sandbox {
    /// Builds the engine. Fails where the machine cannot run compiled code at all, and where the limits cannot all hold.
    pub fn new(config: SandboxConfig) -> Result<Arc<Sandbox>, SandboxError> {
        Self::build(config, None, None)
    }

    /// The same, with compiled code that is kept between two starts.
    ///
    /// ```no_run
    /// # async fn start(component: &[u8], key: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// use connector_host::sandbox::{CodeCache, Sandbox, SandboxConfig};
    /// let cache = CodeCache::open("data/code".as_ref(), key)?;
    /// let sandbox = Sandbox::with_cache(SandboxConfig::default(), cache)?;
    /// let connector = sandbox.admit(component).await?;
    /// # Ok(()) }
    /// ```
    pub fn with_cache(config: SandboxConfig, cache: CodeCache) -> Result<Arc<Sandbox>, SandboxError> {
        Self::build(config, None, Some(cache))
    }

    /// The same, with a witness that sees every byte which is lowered into a guest.
    pub fn watched(config: SandboxConfig, witness: Arc<dyn Witness>) -> Result<Arc<Sandbox>, SandboxError> {
        Self::build(config, Some(witness), None)
    }

    fn build(config: SandboxConfig, witness: Option<Arc<dyn Witness>>, cache: Option<CodeCache>) -> Result<Arc<Sandbox>, SandboxError> {
        config.check()?;
        let (engine, no_pool) = engine::build(&config).map_err(|error| SandboxError::Engine(one_line(&format!("{error:#}"), 300)))?;
        let pooled = no_pool.is_none();
        let (slots, commons) = (Slots::all(&config), Commons::new(config.memory_shared_bytes));
        Ok(Arc::new(Sandbox { engine, config, slots, shares: Shares::default(), commons, pooled, witness, cache }))
    }

    /// Whether instances come from a pool. Without one each call maps its memory anew, which is slower and else the same; the log says why.
    pub fn is_pooled(&self) -> bool {
        self.pooled
    }

    /// The engine, for tools that look at components without the contract.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The limits that calls run under.
    pub fn config(&self) -> &SandboxConfig {
        &self.config
    }

    /// Says whether a component would be admitted as a connector, as far as its bytes tell. Compiles nothing and runs nothing, so the
    /// descriptor is not looked at.
    pub fn judge(&self, bytes: &[u8]) -> Result<(), AdmissionError> {
        admission::judge(bytes, &self.config, World::Contract)
    }

    /// Judges a component, compiles it, and asks it once what it is. However often the same bytes are admitted, they have one connector's
    /// share of the slots. The work is done on a thread of its own: calls under way go on.
    pub async fn admit(self: &Arc<Self>, bytes: &[u8]) -> Result<Connector, AdmissionError> {
        let (sandbox, owned) = (self.clone(), bytes.to_vec());
        let prepared = tokio::task::spawn_blocking(move || sandbox.prepare(&owned)).await;
        let (pre, exports, digest, source) = prepared.map_err(|error| AdmissionError::Compile(error.to_string()))??;
        let bare = Guest { sandbox: self.clone(), share: self.shares.of(digest, &self.config), pre, exports };
        let descriptor = bare.describe().await.result.map_err(AdmissionError::Describe)?;
        admission::judge_descriptor(&descriptor)?;
        Ok(Connector { guest: bare, descriptor: Arc::new(descriptor), digest: data_encoding::HEXLOWER.encode(&digest), source })
    }

    fn prepare(&self, bytes: &[u8]) -> Result<(InstancePre<CallState>, Exports, [u8; 32], CodeSource), AdmissionError> {
        self.judge(bytes)?;
        let digest = Sha256::digest(bytes).into();
        let (component, source) = self.compile(bytes, &digest)?;
        let exports = Exports::of(&component).map_err(AdmissionError::Compile)?;
        let pre = self.linker()?.instantiate_pre(&component).map_err(|error| AdmissionError::Compile(format!("{error:#}")))?;
        Ok((pre, exports, digest, source))
    }

    /// From the cache where there is one and it can be used. The component was admitted before.
    fn compile(&self, bytes: &[u8], digest: &[u8; 32]) -> Result<(Component, CodeSource), AdmissionError> {
        let miss = match self.cache.as_ref().map(|cache| cache.load(&self.engine, digest)) {
            Some(Ok(component)) => return Ok((component, CodeSource::Cached)),
            Some(Err(miss)) => Some(miss),
            None => None,
        };
        if let Some(reason) = miss.as_ref().filter(|miss| **miss != CacheMiss::Absent) {
            tracing::warn!(component = data_encoding::HEXLOWER.encode(digest), %reason, "the kept code is not used: compiled anew");
        }
        let component = Component::from_binary(&self.engine, bytes).map_err(|error| AdmissionError::Compile(format!("{error:#}")))?;
        if let Some(cache) = &self.cache {
            cache.store(&self.engine, digest, &component);
        }
        Ok((component, miss.map_or(CodeSource::Compiled, CodeSource::Recompiled)))
    }

    /// The contract's imports, and nothing else.
    fn linker(&self) -> Result<Linker<CallState>, AdmissionError> {
        let mut linker = Linker::new(&self.engine);
        imports::link(&mut linker).map_err(|error| AdmissionError::Compile(format!("{error:#}")))?;
        Ok(linker)
    }
}

/// An admitted component. Clones share the compiled code and the slots.
#[derive(Clone)]
pub struct Connector {
    guest: Guest,
    descriptor: Arc<contract::Descriptor>,
    digest: String,
    source: CodeSource,
}

/// What every call begins from.
#[derive(Clone)]
struct Guest {
    sandbox: Arc<Sandbox>,
    /// How many slots its calls may hold.
    share: Arc<Slots>,
    pre: InstancePre<CallState>,
    exports: Exports,
}

/// One call under way: its slot, its store, its instance.
struct Call<I = Instance> {
    store: Store<CallState>,
    instance: I,
    fuel: u64,
    deadline: Duration,
    _slot: Slot,
}

impl Sandbox {
    /// A slot and a store with the limits of one call; nothing is instantiated in it yet.
    async fn open(&self, share: Option<&Slots>, input_bytes: usize, courier: Option<Arc<dyn Courier>>) -> Result<Call<()>, CallError> {
        let config = &self.config;
        let slot = self.slots.enter(share, courier.is_some(), config.slot_wait).await?;
        let mut fuel = config.fuel_base.saturating_add(config.fuel_per_byte.saturating_mul(input_bytes as u64));
        let mut deadline = config.pure_deadline;
        if courier.is_some() {
            fuel = fuel.saturating_add(config.fuel_exchange);
            deadline = config.exchange_deadline;
        }
        let mut store = Store::new(&self.engine, CallState::new(config, self.commons.clone(), courier, self.witness.clone()));
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(store.data().hostcall_fuel());
        let prepared = store.set_fuel(fuel).and_then(|()| store.fuel_async_yield_interval(Some(config.fuel_yield)));
        prepared.map_err(|error| CallError::Host(error.to_string()))?;
        Ok(Call { store, instance: (), fuel, deadline, _slot: slot })
    }
}

impl Guest {
    fn witness(&self) -> Option<&dyn Witness> {
        self.sandbox.witness.as_deref()
    }

    async fn begin(&self, input_bytes: usize, courier: Option<Arc<dyn Courier>>) -> Result<Call, CallError> {
        let mut call = self.sandbox.open(Some(&self.share), input_bytes, courier).await?;
        let instance = self.pre.instantiate_async(&mut call.store).await;
        call.hold(instance)
    }

    /// One call: a slot, a fresh instance, the function under its deadline, and what is left of it. Of the contract's types only this
    /// function's are compared with the guest's: to compare them all takes as long as everything else about a small call.
    async fn call<P, R>(&self, export: Export, input_bytes: usize, courier: Option<Arc<dyn Courier>>, arguments: P) -> Outcome<R>
    where
        P: ComponentNamedList + Lower + Send + Sync,
        R: Send + Sync + 'static,
        (R,): ComponentNamedList + Lift,
    {
        let mut call = match self.begin(input_bytes, courier).await {
            Err(error) => return Outcome { result: Err(error), usage: Usage::default(), logs: Vec::new() },
            Ok(call) => call,
        };
        let Call { instance, store, deadline, .. } = &mut call;
        let answer = tokio::time::timeout(*deadline, async {
            let function = instance.get_typed_func::<P, (R,)>(&mut *store, export.index)?;
            function.call_async(store, arguments).await.map(|(answer,)| answer)
        });
        let answer = answer.await;
        call.finish(answer)
    }

    /// A call of a function that can fail: what it answers is made to fit the contract, and counted by the function's name.
    async fn ask<P, R>(&self, export: Export, input_bytes: usize, courier: Option<Arc<dyn Courier>>, arguments: P) -> Answer<R>
    where
        P: ComponentNamedList + Lower + Send + Sync,
        R: Fit + Send + Sync + 'static,
        (Result<R, types::Failure>,): ComponentNamedList + Lift,
    {
        counted(export.name, async { fitted(self.call(export, input_bytes, courier, arguments).await) }).await
    }

    async fn describe(&self) -> Outcome<contract::Descriptor> {
        self.call(self.exports.describe, 0, None, ()).await
    }
}

fn fitted<T: Fit>(mut answer: Answer<T>) -> Answer<T> {
    if let Ok(Err(breach)) = answer.result.as_mut().map(Fit::fit) {
        answer.result = Err(CallError::Trap(breach.to_owned()));
    }
    answer
}

/// Counts a call by what it came to, in a span of its own.
async fn counted<T>(export: &'static str, call: impl Future<Output = Answer<T>>) -> Answer<T> {
    let began = Instant::now();
    let answer = call.instrument(tracing::debug_span!("call", export)).await;
    let outcome = match &answer.result {
        Ok(Ok(_)) => "answer",
        Ok(Err(_)) => "failure",
        Err(CallError::Trap(_)) => "trap",
        Err(CallError::Limit(_)) => "limit",
        Err(CallError::Host(_)) => "host",
    };
    figures().call(export, outcome, answer.usage.fuel, began.elapsed());
    answer
}

impl Call<()> {
    /// The same call, with its instance.
    fn hold<I>(self, instance: wasmtime::Result<I>) -> Result<Call<I>, CallError> {
        let Call { store, instance: (), fuel, deadline, _slot } = self;
        let instance = instance.map_err(|error| CallError::from_wasmtime(&error, store.data().limiter.refused))?;
        Ok(Call { store, instance, fuel, deadline, _slot })
    }
}

impl<I> Call<I> {
    fn finish<T>(self, result: Result<wasmtime::Result<T>, tokio::time::error::Elapsed>) -> Outcome<T> {
        let left = self.store.get_fuel().unwrap_or(0);
        let state = self.store.into_data();
        let mut usage = state.usage;
        usage.fuel = self.fuel.saturating_sub(left);
        usage.memory_bytes = state.limiter.memory_bytes;
        usage.memory_grows = state.limiter.memory_grows;
        let result = match result {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(CallError::from_wasmtime(&error, state.limiter.refused)),
            Err(_) => Err(Limit::Deadline.into()),
        };
        for line in &state.logs {
            line.trace();
        }
        Outcome { result, usage, logs: state.logs }
    }
}

impl Connector {
    /// What the component said it is when it was admitted.
    pub fn descriptor(&self) -> &Arc<contract::Descriptor> {
        &self.descriptor
    }

    /// SHA-256 of its bytes, in lower-case hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Where its machine code came from.
    pub fn code_source(&self) -> &CodeSource {
        &self.source
    }

    /// The sandbox that it runs in.
    pub fn sandbox(&self) -> &Arc<Sandbox> {
        &self.guest.sandbox
    }

    /// Asks again what it is. The answer must be the descriptor.
    pub async fn describe(&self) -> Outcome<contract::Descriptor> {
        self.guest.describe().await
    }

    /// Where a person logs in.
    pub async fn authorize_url(&self, context: &types::Context, return_to: &str) -> Answer<http::Request> {
        show(self.guest.witness(), "authorize-url", &(context, return_to));
        self.guest.ask(self.guest.exports.authorize_url, size_of_context(context) + return_to.len(), None, (context, return_to)).await
    }

    /// Which request a step of a pull is.
    pub async fn build_sync_request(&self, context: &types::Context, step: &contract::Step) -> Answer<http::Request> {
        show(self.guest.witness(), "build-sync-request", &(context, step));
        self.guest.ask(self.guest.exports.build_sync_request, size_of_context(context) + size_of_step(step), None, (context, step)).await
    }

    /// What the reply to that request means.
    pub async fn read_sync_response(
        &self,
        context: &types::Context,
        step: &contract::Step,
        response: &http::Response,
    ) -> Answer<contract::Page> {
        show(self.guest.witness(), "read-sync-response", &(context, step));
        show_reply(self.guest.witness(), "read-sync-response", response);
        let bytes = size_of_context(context) + size_of_step(step) + response.body.len();
        self.guest.ask(self.guest.exports.read_sync_response, bytes, None, (context, step, response)).await
    }

    /// What a delivery means.
    pub async fn handle_webhook(&self, context: &types::Context, delivery: &contract::Delivery) -> Answer<contract::WebhookOutcome> {
        show(self.guest.witness(), "handle-webhook", &(context, &delivery.headers, delivery.verified));
        if let Some(witness) = self.guest.witness() {
            witness.lowered("handle-webhook", &delivery.body);
        }
        self.guest.ask(self.guest.exports.handle_webhook, size_of_context(context) + delivery.body.len(), None, (context, delivery)).await
    }

    /// What would be sent for an order event.
    pub async fn map_order(&self, context: &types::Context, event: &orders::OrderEvent) -> Answer<contract::OrderPlan> {
        show(self.guest.witness(), "map-order", &(context, event));
        self.guest.ask(self.guest.exports.map_order, size_of_context(context) + size_of_order(event), None, (context, event)).await
    }

    /// One product record, read alone.
    pub async fn map_product(&self, context: &types::Context, raw: &[u8]) -> Answer<catalog::Product> {
        show(self.guest.witness(), "map-product", context);
        if let Some(witness) = self.guest.witness() {
            witness.lowered("map-product", raw);
        }
        self.guest.ask(self.guest.exports.map_product, size_of_context(context) + raw.len(), None, (context, raw)).await
    }

    /// Exchanges the one-time code for a grant.
    pub async fn redeem(&self, context: &types::Context, courier: Arc<dyn Courier>) -> Answer<types::Account> {
        show(self.guest.witness(), "redeem", context);
        self.guest.ask(self.guest.exports.redeem, size_of_context(context), Some(courier), (context,)).await
    }

    /// What works and what does not.
    pub async fn check(&self, context: &types::Context, courier: Arc<dyn Courier>) -> Answer<Vec<contract::CheckLine>> {
        show(self.guest.witness(), "check", context);
        self.guest.ask(self.guest.exports.check, size_of_context(context), Some(courier), (context,)).await
    }

    /// Brings one order event to the other side.
    pub async fn push_order(
        &self,
        context: &types::Context,
        event: &orders::OrderEvent,
        earlier: &orders::Earlier,
        courier: Arc<dyn Courier>,
    ) -> Answer<contract::PushOutcome> {
        show(self.guest.witness(), "push-order", &(context, event, earlier));
        self.guest
            .ask(self.guest.exports.push_order, size_of_context(context) + size_of_order(event), Some(courier), (context, event, earlier))
            .await
    }
}

// Input is counted by what can be large; the rest is covered by the base.

fn size_of_context(context: &types::Context) -> usize {
    let settings: usize = context.settings.iter().map(|setting| setting.key.len() + setting.value.len()).sum();
    let account = context.account.as_ref();
    settings + account.map_or(0, |account| 32 * (account.branches.len() + account.permissions.len()))
}

fn size_of_step(step: &contract::Step) -> usize {
    let ids = match &step.scope {
        contract::Scope::Only(ids) => ids.iter().map(|id| id.len() + 8).sum(),
        contract::Scope::Everything | contract::Scope::Since(_) | contract::Scope::Made(_) => 0,
    };
    ids + step.cursor.as_ref().map_or(0, String::len)
}

fn size_of_order(event: &orders::OrderEvent) -> usize {
    event.order.lines.iter().map(|line| 200 + line.name.len()).sum()
}

#[cfg(test)]
mod tests;
