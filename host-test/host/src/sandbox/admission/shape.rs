//! Walks a component's sections and says no to what a connector does not need: too much of anything, and whole features. Reads headers and
//! counts; whether the parts fit together is the validator's work.

use std::ops::Range;

use wasmparser::{
    CanonicalFunction, ComponentExternalKind, Encoding, FunctionBody, Instance, MemoryType, Operator, Parser, Payload, TableType, TypeRef,
};

use super::super::config::{AdmissionConfig, SandboxConfig};
use super::super::error::{AdmissionError, Flaw};

/// The top-level names that a component imports and exports.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<String>,
}

/// What was counted so far, over all parts of the component.
struct Survey<'a> {
    config: &'a SandboxConfig,
    names: Names,
    /// What the parser is in, from the component itself inwards.
    levels: Vec<Encoding>,
    /// Where the file ends.
    end: u64,
    modules: usize,
    components: usize,
    core_instances: usize,
    /// Of these, instances of core modules: the others are only names for parts of them.
    instantiated: usize,
    instances: usize,
    canonical: usize,
    types: usize,
    functions: usize,
    /// Imports, exports, globals, element and data segments of core modules.
    parts: [usize; 5],
    memories: usize,
    tables: usize,
    /// Elements that all tables begin with.
    table_elements: u64,
    /// Memories of the module that the parser is in, imported ones included.
    memories_here: usize,
}

/// Counts everything, or stops at the first thing that is not admitted.
pub(super) fn survey(bytes: &[u8], config: &SandboxConfig) -> Result<Names, AdmissionError> {
    let mut survey = Survey {
        config,
        names: Names::default(),
        levels: Vec::new(),
        end: bytes.len() as u64,
        modules: 0,
        components: 0,
        core_instances: 0,
        instantiated: 0,
        instances: 0,
        canonical: 0,
        types: 0,
        functions: 0,
        parts: [0; 5],
        memories: 0,
        tables: 0,
        table_elements: 0,
        memories_here: 0,
    };
    let mut parser = Parser::new(0);
    parser.set_features(super::features());
    for payload in parser.parse_all(bytes) {
        survey.payload(payload.map_err(broken)?)?;
    }
    Ok(survey.names)
}

fn broken(error: wasmparser::Error) -> AdmissionError {
    AdmissionError::Invalid(Flaw::from(&error))
}

fn forbidden(what: &str, at: u64) -> AdmissionError {
    AdmissionError::Forbidden(Flaw::new(what, at))
}

/// A section of something else. The parser tells apart what it knows; this is for what a later one of it may know.
pub(super) fn foreign(payload: &Payload<'_>, within: &str) -> AdmissionError {
    let (id, at) = payload.as_section().map_or((None, 0), |(id, range)| (Some(id), range.start));
    forbidden(&id.map_or(format!("a part that no {within} has"), |id| format!("a section that no {within} has (section {id})")), at)
}

/// Adds to a sum, and says so when it is too much.
fn count(sum: &mut usize, more: u32, limit: usize, what: &'static str, at: u64) -> Result<(), AdmissionError> {
    *sum = sum.saturating_add(more as usize);
    at_most(*sum as u64, limit as u64, what, at)
}

fn at_most(count: u64, limit: u64, what: &'static str, at: u64) -> Result<(), AdmissionError> {
    if count > limit { Err(AdmissionError::TooMany { what, count, limit, at }) } else { Ok(()) }
}

impl Survey<'_> {
    fn limits(&self) -> &AdmissionConfig {
        &self.config.admission
    }

    fn payload(&mut self, payload: Payload<'_>) -> Result<(), AdmissionError> {
        match payload {
            Payload::Version { encoding, range, .. } => self.begin(encoding, range.start),
            Payload::End(_) => {
                self.levels.pop();
                Ok(())
            }
            Payload::CustomSection(_) => Ok(()),
            Payload::UnknownSection { id, range, .. } => {
                Err(AdmissionError::Invalid(Flaw::new(format!("an unknown section ({id})"), range.start)))
            }
            inner => match self.levels.last() {
                Some(Encoding::Module) => self.of_module(inner),
                _ => self.of_component(inner),
            },
        }
    }

    fn begin(&mut self, encoding: Encoding, at: u64) -> Result<(), AdmissionError> {
        if self.levels.is_empty() && encoding == Encoding::Module {
            return Err(AdmissionError::Invalid(Flaw::new("a core module is no component", at)));
        }
        self.memories_here = 0;
        self.levels.push(encoding);
        Ok(())
    }

    /// The parser takes the end of the file for the end of whatever it is in.
    fn whole(&self, range: &Range<u64>) -> Result<(), AdmissionError> {
        if range.end > self.end {
            return Err(AdmissionError::Invalid(Flaw::new("the file ends inside this section", range.start)));
        }
        Ok(())
    }

    /// Sections that only a component has. Inside a component inside it, only those that give names.
    fn of_component(&mut self, payload: Payload<'_>) -> Result<(), AdmissionError> {
        let nested = self.levels.len() > 1;
        let inside = |what: &str, at: u64| {
            let nested = |_: &()| nested;
            Some(()).filter(nested).map_or(Ok(()), |()| Err(forbidden(&format!("{what} in a component inside it"), at)))
        };
        let (items, types) = (self.limits().items, self.limits().types);
        match payload {
            Payload::ModuleSection { unchecked_range, .. } => {
                self.whole(&unchecked_range)?;
                inside("a core module", unchecked_range.start)?;
                let limit = self.limits().modules;
                count(&mut self.modules, 1, limit, "core modules", unchecked_range.start)
            }
            Payload::ComponentSection { unchecked_range, .. } => {
                self.whole(&unchecked_range)?;
                inside("a component", unchecked_range.start)?;
                let limit = self.limits().components;
                count(&mut self.components, 1, limit, "components inside it", unchecked_range.start)
            }
            Payload::InstanceSection(section) => {
                let at = section.range().start;
                inside("a core instance", at)?;
                count(&mut self.core_instances, section.count(), items, "core instances", at)?;
                let limit = self.config.core_instances as usize;
                for instance in section {
                    if let Instance::Instantiate { .. } = instance.map_err(broken)? {
                        count(&mut self.instantiated, 1, limit, "instances of core modules", at)?;
                    }
                }
                Ok(())
            }
            Payload::ComponentInstanceSection(section) => {
                let at = section.range().start;
                inside("an instance", at)?;
                count(&mut self.instances, section.count(), items, "instances", at)
            }
            Payload::CoreTypeSection(section) => count(&mut self.types, section.count(), types, "types", section.range().start),
            Payload::ComponentTypeSection(section) => count(&mut self.types, section.count(), types, "types", section.range().start),
            Payload::ComponentAliasSection(section) => {
                count(&mut self.types, section.count(), types, "types and aliases", section.range().start)
            }
            Payload::ComponentCanonicalSection(section) => {
                let at = section.range().start;
                inside("a canonical function", at)?;
                count(&mut self.canonical, section.count(), items, "canonical functions", at)?;
                for function in section {
                    if !matches!(function.map_err(broken)?, CanonicalFunction::Lift { .. } | CanonicalFunction::Lower { .. }) {
                        return Err(forbidden("a canonical function other than lift and lower (a resource, a thread, a task)", at));
                    }
                }
                Ok(())
            }
            Payload::ComponentStartSection { range, .. } => Err(forbidden("a start function", range.start)),
            Payload::ComponentImportSection(section) => {
                let at = section.range().start;
                for import in section {
                    let import = import.map_err(broken)?;
                    if !nested {
                        self.names.imports.push(import.name.name.to_owned());
                        at_most(self.names.imports.len() as u64, items as u64, "imports", at)?;
                    }
                    if matches!(import.ty.kind(), ComponentExternalKind::Module | ComponentExternalKind::Component) {
                        return Err(forbidden("an import of code", at));
                    }
                }
                Ok(())
            }
            Payload::ComponentExportSection(section) => {
                let at = section.range().start;
                for export in section {
                    let export = export.map_err(broken)?;
                    if !nested {
                        self.names.exports.push(export.name.name.to_owned());
                        at_most(self.names.exports.len() as u64, items as u64, "exports", at)?;
                    }
                }
                Ok(())
            }
            other => Err(foreign(&other, "component")),
        }
    }

    /// Sections that only a core module has.
    fn of_module(&mut self, payload: Payload<'_>) -> Result<(), AdmissionError> {
        let (types, functions) = (self.limits().types, self.limits().functions);
        let [imports, exports, globals, elements, data] = &mut self.parts;
        match payload {
            Payload::TypeSection(section) => count(&mut self.types, section.count(), types, "types", section.range().start),
            Payload::ImportSection(section) => {
                let at = section.range().start;
                for import in section.into_imports() {
                    count(imports, 1, functions, "core imports", at)?;
                    match import.map_err(broken)?.ty {
                        TypeRef::Memory(memory) => self.memories_here = one_memory(&memory, self.memories_here, self.config, at)?,
                        TypeRef::Table(table) => check_table(&table, self.config, at)?,
                        TypeRef::Tag(_) => return Err(forbidden("exceptions", at)),
                        TypeRef::Func(_) | TypeRef::FuncExact(_) | TypeRef::Global(_) => {}
                    }
                }
                Ok(())
            }
            Payload::FunctionSection(section) => count(&mut self.functions, section.count(), functions, "functions", section.range().start),
            Payload::TableSection(section) => {
                let at = section.range().start;
                count(&mut self.tables, section.count(), self.config.tables as usize, "tables", at)?;
                for table in section {
                    let table = table.map_err(broken)?.ty;
                    check_table(&table, self.config, at)?;
                    self.table_elements = self.table_elements.saturating_add(table.initial);
                }
                at_most(self.table_elements, self.config.table_elements as u64, "elements in its tables", at)
            }
            Payload::MemorySection(section) => {
                let at = section.range().start;
                for memory in section {
                    self.memories_here = one_memory(&memory.map_err(broken)?, self.memories_here, self.config, at)?;
                    count(&mut self.memories, 1, self.config.memories as usize, "memories", at)?;
                }
                Ok(())
            }
            Payload::TagSection(section) => Err(forbidden("exceptions", section.range().start)),
            Payload::GlobalSection(section) => count(globals, section.count(), functions, "globals", section.range().start),
            Payload::ExportSection(section) => count(exports, section.count(), functions, "core exports", section.range().start),
            Payload::StartSection { range, .. } => Err(forbidden("a start function", range.start)),
            Payload::ElementSection(section) => count(elements, section.count(), functions, "element segments", section.range().start),
            Payload::DataSection(section) => count(data, section.count(), functions, "data segments", section.range().start),
            Payload::CodeSectionStart { .. } | Payload::DataCountSection { .. } => Ok(()),
            Payload::CodeSectionEntry(body) => check_function(&body, self.limits()),
            other => Err(foreign(&other, "core module")),
        }
    }
}

/// How many memories the module has with this one.
fn one_memory(memory: &MemoryType, before: usize, config: &SandboxConfig, at: u64) -> Result<usize, AdmissionError> {
    if memory.shared {
        return Err(forbidden("a shared memory", at));
    }
    if memory.memory64 {
        return Err(forbidden("a 64-bit memory", at));
    }
    if memory.page_size_log2.is_some() {
        return Err(forbidden("a memory with pages of its own size", at));
    }
    if before > 0 {
        return Err(forbidden("a module with two memories", at));
    }
    at_most(memory.initial.saturating_mul(64 * 1024), config.memory_bytes as u64, "bytes of memory to begin with", at)?;
    Ok(before + 1)
}

fn check_table(table: &TableType, config: &SandboxConfig, at: u64) -> Result<(), AdmissionError> {
    if table.shared {
        return Err(forbidden("a shared table", at));
    }
    if table.table64 {
        return Err(forbidden("a 64-bit table", at));
    }
    at_most(table.initial, config.table_elements as u64, "elements in its tables", at)
}

/// What the compiler's time grows with.
fn check_function(body: &FunctionBody<'_>, limits: &AdmissionConfig) -> Result<(), AdmissionError> {
    let range = body.range();
    at_most(range.end - range.start, limits.function_bytes as u64, "bytes of code in one function", range.start)?;
    let mut locals = 0_u64;
    for group in body.get_locals_reader().map_err(broken)? {
        locals += u64::from(group.map_err(broken)?.0);
        at_most(locals, limits.locals.into(), "locals in one function", range.start)?;
    }
    let mut depth = 0_usize;
    for operator in body.get_operators_reader().map_err(broken)? {
        match operator.map_err(broken)? {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                depth += 1;
                at_most(depth as u64, limits.nesting as u64, "blocks inside one another", range.start)?;
            }
            Operator::End => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}
