//! Calls a function whose type is known only at run time, under the same limits as a call of the contract. For tools and tests; the host's
//! work goes through [`Connector`](super::Connector), which is typed and faster.
//!
//! A component gets the contract's two imports here and nothing else, whatever it exports.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Val};

use super::admission::{self, World};
use super::imports::{CallState, Courier};
use super::{AdmissionError, CallError, CodeSource, Limit, Outcome, Sandbox, Usage};

/// How much more a dynamic call may move to the host than a typed one: a value takes 40 bytes and a record keeps its field names, where
/// the typed call has a struct.
const LOWERED_FACTOR: usize = 8;

/// A compiled component, of whatever world, whose imports the host serves.
pub struct Program {
    sandbox: Arc<Sandbox>,
    pre: InstancePre<CallState>,
    functions: Vec<Function>,
    source: CodeSource,
}

/// One exported function.
#[derive(Clone, Debug)]
pub struct Function {
    interface: Option<String>,
    name: String,
    signature: ComponentFunc,
    index: ComponentExportIndex,
}

impl Function {
    /// The interface's full name, as in `nobi:connector/connector@0.1.0`; none for a function of the world itself.
    pub fn interface(&self) -> Option<&str> {
        self.interface.as_deref()
    }

    /// The function's name in its interface.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Names and types of its parameters, type of its result.
    pub fn signature(&self) -> &ComponentFunc {
        &self.signature
    }
}

/// `interface/function`, the name under which exactly this function is found.
impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.interface {
            Some(interface) => write!(f, "{interface}/{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl Sandbox {
    /// Compiles any component that imports no more than the contract's `http` and `log`. What it exports is not checked.
    pub fn load(self: &Arc<Self>, bytes: &[u8]) -> Result<Program, AdmissionError> {
        admission::judge(bytes, &self.config, World::Any)?;
        let (component, source) = self.compile(bytes, &Sha256::digest(bytes).into())?;
        let pre = self.linker()?.instantiate_pre(&component).map_err(|error| AdmissionError::Compile(format!("{error:#}")))?;
        let functions = functions(&component);
        Ok(Program { sandbox: self.clone(), pre, functions, source })
    }
}

impl Program {
    /// Every exported function, in the component's order.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// Where its machine code came from.
    pub fn code_source(&self) -> &CodeSource {
        &self.source
    }

    /// One call in a fresh instance. The arguments must fit the signature. `input_bytes` is what fuel is counted by. Without a courier
    /// `http.send` answers `denied`.
    pub async fn call(
        &self,
        function: &Function,
        arguments: &[Val],
        input_bytes: usize,
        courier: Option<Arc<dyn Courier>>,
    ) -> Outcome<Vec<Val>> {
        let mut call = match self.begin(input_bytes, courier).await {
            Ok(call) => call,
            Err(error) => return Outcome { result: Err(error), usage: Usage::default(), logs: Vec::new() },
        };
        let Some(callee) = call.instance.get_func(&mut call.store, function.index) else {
            let error = CallError::Host(format!("{function} belongs to another component"));
            return Outcome { result: Err(error), usage: Usage::default(), logs: Vec::new() };
        };
        let mut results = vec![Val::Bool(false); function.signature.results().len()];
        let deadline = call.deadline;
        let ended = tokio::time::timeout(deadline, callee.call_async(&mut call.store, arguments, &mut results)).await;
        let outcome = call.finish(ended);
        Outcome { result: outcome.result.map(|()| results), usage: outcome.usage, logs: outcome.logs }
    }

    async fn begin(
        &self,
        input_bytes: usize,
        courier: Option<Arc<dyn Courier>>,
    ) -> Result<super::Call<wasmtime::component::Instance>, CallError> {
        let mut call = self.sandbox.open(None, input_bytes, courier).await?;
        call.store.data_mut().lowered_factor = LOWERED_FACTOR;
        call.store.set_hostcall_fuel(call.store.data().hostcall_fuel());
        let started = tokio::time::timeout(call.deadline, self.pre.instantiate_async(&mut call.store)).await;
        call.hold(started.map_err(|_| CallError::from(Limit::Deadline))?)
    }
}

fn functions(component: &Component) -> Vec<Function> {
    let engine = component.engine();
    let mut found = Vec::new();
    let ty = component.component_type();
    for (name, item) in ty.exports(engine) {
        match item.ty {
            ComponentItem::ComponentFunc(signature) => {
                let index = component.get_export_index(None, name);
                found.extend(index.map(|index| Function { interface: None, name: name.to_owned(), signature, index }));
            }
            ComponentItem::ComponentInstance(instance) => {
                let Some(parent) = component.get_export_index(None, name) else { continue };
                for (inner, item) in instance.exports(engine) {
                    let ComponentItem::ComponentFunc(signature) = item.ty else { continue };
                    let index = component.get_export_index(Some(&parent), inner);
                    let interface = Some(name.to_owned());
                    found.extend(index.map(|index| Function { interface, name: inner.to_owned(), signature, index }));
                }
            }
            _ => {}
        }
    }
    found
}
