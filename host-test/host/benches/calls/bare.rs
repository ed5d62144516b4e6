//! Calls with nothing of the sandbox around them: an engine, the bindings, a store. What the host adds to a call, and what metering costs, is
//! seen beside these.

use std::hint::black_box;

use connector_host::contract::types::Context;
use connector_host::contract::{Plugin, PluginPre, Step, catalog, http, log, orders, types};
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

/// What the bindings need, and nothing of the sandbox's.
pub struct Bare;

impl types::Host for Bare {}
impl catalog::Host for Bare {}
impl orders::Host for Bare {}
impl http::Host for Bare {
    async fn send(&mut self, _request: http::Request) -> wasmtime::Result<Result<http::Response, http::Error>> {
        Ok(Err(http::Error::TooLarge))
    }
}
impl log::Host for Bare {
    fn emit(&mut self, _level: log::Level, _text: String) -> wasmtime::Result<()> {
        Ok(())
    }
}

/// What counts how long a guest runs.
#[derive(Clone, Copy)]
pub struct Metered {
    pub fuel: bool,
    pub epochs: bool,
}

/// Each way of metering, with its name.
pub const METERED: [(&str, Metered); 4] = [
    ("nothing", Metered { fuel: false, epochs: false }),
    ("fuel", Metered { fuel: true, epochs: false }),
    ("epochs", Metered { fuel: false, epochs: true }),
    ("both", Metered { fuel: true, epochs: true }),
];

impl Metered {
    /// An engine of its own: what a call is metered with is no setting of the sandbox.
    pub fn engine(self) -> Engine {
        let mut settings = Config::new();
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(8).max_memory_size(64 << 20).linear_memory_keep_resident(512 << 10);
        settings.consume_fuel(self.fuel).epoch_interruption(self.epochs).gc_support(false).concurrency_support(false);
        settings.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        Engine::new(&settings).unwrap()
    }

    fn store(self, engine: &Engine) -> Store<Bare> {
        let mut store = Store::new(engine, Bare);
        if self.fuel {
            store.set_fuel(1_000_000_000).unwrap();
            store.fuel_async_yield_interval(Some(1_000_000)).unwrap();
        }
        if self.epochs {
            store.set_epoch_deadline(1_000_000);
        }
        store
    }

    /// One call of the cheapest function.
    pub async fn call(self, engine: &Engine, pre: &PluginPre<Bare>, context: &Context) {
        let mut store = self.store(engine);
        let plugin = pre.instantiate_async(&mut store).await.unwrap();
        black_box(plugin.nobi_connector_connector().call_map_product(&mut store, context, b"{}").await.unwrap().unwrap());
    }

    /// One page.
    pub async fn read(self, engine: &Engine, pre: &PluginPre<Bare>, context: &Context, step: &Step, response: &http::Response) {
        let mut store = self.store(engine);
        let plugin = pre.instantiate_async(&mut store).await.unwrap();
        let page = plugin.nobi_connector_connector().call_read_sync_response(&mut store, context, step, response).await;
        black_box(page.unwrap().unwrap());
    }
}

/// A component with its imports in place, ready to be called.
pub fn linked(engine: &Engine, component: &Component) -> PluginPre<Bare> {
    let mut linker = Linker::new(engine);
    Plugin::add_to_linker::<_, HasSelf<Bare>>(&mut linker, |state| state).unwrap();
    PluginPre::new(linker.instantiate_pre(component).unwrap()).unwrap()
}
