//! Calls with nothing of the sandbox around them: an engine, the bindings, a store. What the host adds to a call, and what metering costs, is
//! seen beside these.

use std::hint::black_box;

use connector_host::contract::types::Context;
use connector_host::contract::{Page, Plugin, PluginPre, Step, catalog, http, log, orders, types};
use wasmtime::component::{Component, ComponentExportIndex, HasSelf, InstancePre, Linker};
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

    /// One call of the cheapest function, through the one export that it needs.
    pub async fn call(self, ready: &Ready, context: &Context) {
        let mut store = self.store(ready.pre.engine());
        let instance = ready.pre.instantiate_async(&mut store).await.unwrap();
        let map = instance.get_typed_func::<(&Context, &[u8]), (Result<catalog::Product, types::Failure>,)>(&mut store, ready.map_product);
        black_box(map.unwrap().call_async(&mut store, (context, b"{}")).await.unwrap().0.unwrap());
    }

    /// The same through the generated bindings, which look at every export.
    pub async fn call_bound(self, pre: &PluginPre<Bare>, context: &Context) {
        let mut store = self.store(pre.engine());
        let plugin = pre.instantiate_async(&mut store).await.unwrap();
        black_box(plugin.nobi_connector_connector().call_map_product(&mut store, context, b"{}").await.unwrap().unwrap());
    }

    /// One page.
    pub async fn read(self, ready: &Ready, context: &Context, step: &Step, response: &http::Response) {
        let mut store = self.store(ready.pre.engine());
        let instance = ready.pre.instantiate_async(&mut store).await.unwrap();
        let read = instance.get_typed_func::<(&Context, &Step, &http::Response), (Result<Page, types::Failure>,)>(&mut store, ready.read);
        black_box(read.unwrap().call_async(&mut store, (context, step, response)).await.unwrap().0.unwrap());
    }
}

/// A component with its imports in place, ready to be called.
pub struct Ready {
    pre: InstancePre<Bare>,
    map_product: ComponentExportIndex,
    read: ComponentExportIndex,
}

impl Ready {
    pub fn new(engine: &Engine, component: &Component) -> Ready {
        Ready::of(&linker(engine), component)
    }

    fn of(linker: &Linker<Bare>, component: &Component) -> Ready {
        let pre = linker.instantiate_pre(component).unwrap();
        let interface = component.get_export_index(None, "nobi:connector/connector@0.1.0");
        let export = |name| component.get_export_index(interface.as_ref(), name).unwrap();
        Ready { pre, map_product: export("map-product"), read: export("read-sync-response") }
    }

    /// The same, as a host does it that gives its guests all of WASI: as many functions as WASI 0.2 has in its world for commands. They do
    /// nothing; what is measured is that they are defined.
    pub fn with_wasi(engine: &Engine, component: &Component) -> Ready {
        let mut linker = linker(engine);
        for (interface, functions) in WASI {
            let mut instance = linker.instance(interface).unwrap();
            for number in 0..functions {
                instance.func_wrap_async(&format!("function-{number}"), |_, (): ()| Box::new(async { Ok(()) })).unwrap();
            }
        }
        Ready::of(&linker, component)
    }
}

/// The interfaces of WASI 0.2 for commands, and how many functions each has, methods and destructors among them.
const WASI: [(&str, usize); 26] = [
    ("wasi:cli/environment@0.2.0", 3),
    ("wasi:cli/exit@0.2.0", 1),
    ("wasi:cli/stderr@0.2.0", 1),
    ("wasi:cli/stdin@0.2.0", 1),
    ("wasi:cli/stdout@0.2.0", 1),
    ("wasi:cli/terminal-input@0.2.0", 1),
    ("wasi:cli/terminal-output@0.2.0", 1),
    ("wasi:cli/terminal-stderr@0.2.0", 1),
    ("wasi:cli/terminal-stdin@0.2.0", 1),
    ("wasi:cli/terminal-stdout@0.2.0", 1),
    ("wasi:clocks/monotonic-clock@0.2.0", 4),
    ("wasi:clocks/wall-clock@0.2.0", 2),
    ("wasi:filesystem/preopens@0.2.0", 1),
    ("wasi:filesystem/types@0.2.0", 31),
    ("wasi:io/error@0.2.0", 2),
    ("wasi:io/poll@0.2.0", 4),
    ("wasi:io/streams@0.2.0", 17),
    ("wasi:random/insecure-seed@0.2.0", 1),
    ("wasi:random/insecure@0.2.0", 2),
    ("wasi:random/random@0.2.0", 2),
    ("wasi:sockets/instance-network@0.2.0", 1),
    ("wasi:sockets/ip-name-lookup@0.2.0", 4),
    ("wasi:sockets/network@0.2.0", 1),
    ("wasi:sockets/tcp-create-socket@0.2.0", 1),
    ("wasi:sockets/tcp@0.2.0", 29),
    ("wasi:sockets/udp@0.2.0", 23),
];

/// The generated bindings of a component.
pub fn bound(engine: &Engine, component: &Component) -> PluginPre<Bare> {
    PluginPre::new(linker(engine).instantiate_pre(component).unwrap()).unwrap()
}

/// The contract's two imports.
fn linker(engine: &Engine) -> Linker<Bare> {
    let mut linker = Linker::new(engine);
    Plugin::add_to_linker::<_, HasSelf<Bare>>(&mut linker, |state| state).unwrap();
    linker
}
