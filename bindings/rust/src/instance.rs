//! Instances, what they import and export, and a table of imports by name.

use std::collections::HashMap;
use std::ffi::c_void;
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::error::{Error, ErrorKind, Result};
use crate::ffi;
use crate::func::Func;
use crate::host::IntoHostFunc;
use crate::memory::{Global, Memory, Table};
use crate::module::Module;
use crate::store::{drop_quietly, Context, Handle};
use crate::typed::{TypedFunc, WasmValues};

/// What instances import and export.
#[derive(Clone, Debug)]
pub enum Extern {
    /// A function.
    Func(Func),
    /// A global.
    Global(Global),
    /// A table.
    Table(Table),
    /// A memory.
    Memory(Memory),
}

impl Extern {
    fn handle(&self) -> &Handle {
        match self {
            Extern::Func(function) => function.handle(),
            Extern::Global(global) => &global.0,
            Extern::Table(table) => &table.0,
            Extern::Memory(memory) => &memory.0,
        }
    }

    /// The function, if it is one.
    pub fn func(&self) -> Option<&Func> {
        match self {
            Extern::Func(function) => Some(function),
            _ => None,
        }
    }

    /// The global, if it is one.
    pub fn global(&self) -> Option<&Global> {
        match self {
            Extern::Global(global) => Some(global),
            _ => None,
        }
    }

    /// The table, if it is one.
    pub fn table(&self) -> Option<&Table> {
        match self {
            Extern::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The memory, if it is one.
    pub fn memory(&self) -> Option<&Memory> {
        match self {
            Extern::Memory(memory) => Some(memory),
            _ => None,
        }
    }

    /// Takes over a reference.
    ///
    /// # Safety
    /// `raw` must be of the context's store, and nobody else may delete it.
    unsafe fn from_raw(raw: *mut ffi::wasm_extern_t, context: &Context) -> Extern {
        // SAFETY: the kind tells what it is.
        unsafe {
            let kind = ffi::wasm_extern_kind(raw);
            let handle = context.handle(ffi::wasm_extern_as_ref(raw));
            match kind {
                ffi::WASM_EXTERN_FUNC => Extern::Func(Func::from_handle(handle)),
                ffi::WASM_EXTERN_GLOBAL => Extern::Global(Global(Arc::new(handle))),
                ffi::WASM_EXTERN_TABLE => Extern::Table(Table(Arc::new(handle))),
                _ => Extern::Memory(Memory(Arc::new(handle))),
            }
        }
    }
}

macro_rules! externs {
    ($($name:ident)*) => {$(
        impl From<$name> for Extern {
            fn from(thing: $name) -> Extern {
                Extern::$name(thing)
            }
        }
    )*};
}

externs! { Func Global Table Memory }

/// A module with its imports in a store.
#[derive(Clone)]
pub struct Instance(Arc<InstanceData>);

struct InstanceData {
    handle: Handle,
    module: Module,
    exports: OnceLock<Box<[Extern]>>,
}

/// What the store keeps with an instance, so that it is known again when it calls.
type HostInfo = Module;

unsafe extern "C" fn drop_host_info(info: *mut c_void) {
    // SAFETY: the library calls it once, with what it was given in `Instance::with_limit`.
    drop_quietly(unsafe { Box::from_raw(info as *mut HostInfo) });
}

impl Instance {
    /// An instance of a module. `imports` are in the module's order; a [`Linker`] finds them by their names. Runs the module's
    /// start function: if that traps, the error has the [trap](Error::trap).
    pub fn new(context: &mut Context, module: &Module, imports: &[Extern]) -> Result<Instance> {
        Instance::with_limit(context, module, imports, ffi::CANNERY_UNLIMITED)
    }

    /// The same with a limit of instructions for the start function.
    pub fn with_limit(
        context: &mut Context,
        module: &Module,
        imports: &[Extern],
        instructions: u64,
    ) -> Result<Instance> {
        if imports.iter().any(|import| !context.owns(import.handle())) {
            return Err(Error::argument("an import belongs to another store"));
        }
        // SAFETY: imports are lent, and are of this store; `trap` and `raw` are ours when they are written.
        unsafe {
            let raw_module = module.obtain(context)?;
            let mut raw_imports: Vec<_> =
                imports.iter().map(|import| ffi::wasm_ref_as_extern(import.handle().raw)).collect();
            let vector = ffi::wasm_extern_vec_t { size: raw_imports.len(), data: raw_imports.as_mut_ptr() };
            let (mut trap, mut raw) = (std::ptr::null_mut(), std::ptr::null_mut());
            let error =
                ffi::cannery_instance_new(context.raw(), raw_module, &vector, instructions, &mut trap, &mut raw);
            ffi::wasm_module_delete(raw_module);
            let outcome = Error::check(error);
            context.engine().flush_log();
            context.outcome(trap)?;
            outcome?;
            let info = Box::into_raw(Box::<HostInfo>::new(module.clone()));
            ffi::wasm_instance_set_host_info_with_finalizer(raw, info as *mut c_void, Some(drop_host_info));
            Ok(Instance::from_parts(raw, module.clone(), context))
        }
    }

    /// # Safety
    /// `raw` must be an instance of the store that nobody else deletes.
    unsafe fn from_parts(raw: *mut ffi::wasm_instance_t, module: Module, context: &Context) -> Instance {
        // SAFETY: it is the same reference under another name.
        let handle = context.handle(unsafe { ffi::wasm_instance_as_ref(raw) });
        Instance(Arc::new(InstanceData { handle, module, exports: OnceLock::new() }))
    }

    /// Takes over an instance that called; `None` if it isn't known, since it is only being made.
    ///
    /// # Safety
    /// As above.
    pub(crate) unsafe fn known(raw: *mut ffi::wasm_instance_t, context: &Context) -> Option<Instance> {
        // SAFETY: what instances keep is what `with_limit` gave.
        unsafe {
            let info = ffi::wasm_instance_get_host_info(raw) as *const HostInfo;
            if info.is_null() {
                drop(context.handle(ffi::wasm_instance_as_ref(raw)));
                return None;
            }
            Some(Instance::from_parts(raw, (*info).clone(), context))
        }
    }

    /// The module.
    pub fn module(&self) -> &Module {
        &self.0.module
    }

    /// The exports in the module's order, which is that of [`Module::exports`].
    pub fn exports(&self, context: &Context) -> &[Extern] {
        let raw = context.check(&self.0.handle);
        self.0.exports.get_or_init(|| {
            let mut out = ffi::wasm_extern_vec_t { size: 0, data: std::ptr::null_mut() };
            // SAFETY: the references are ours: they are taken out of the vector before it is deleted.
            unsafe {
                ffi::wasm_instance_exports(raw as *const ffi::wasm_instance_t, &mut out);
                let count = if out.data.is_null() { 0 } else { out.size };
                let exports = (0..count)
                    .map(|index| {
                        let external = std::mem::replace(&mut *out.data.add(index), std::ptr::null_mut());
                        Extern::from_raw(external, context)
                    })
                    .collect();
                ffi::wasm_extern_vec_delete(&mut out);
                exports
            }
        })
    }

    /// An export by its name.
    pub fn export(&self, context: &Context, name: &str) -> Option<Extern> {
        let index = self.0.module.exports().iter().position(|export| export.name == name)?;
        self.exports(context).get(index).cloned()
    }

    /// An exported function. To call it with types of Rust's, see [`typed_func`](Instance::typed_func).
    pub fn func(&self, context: &Context, name: &str) -> Option<Func> {
        self.export(context, name)?.func().cloned()
    }

    /// An exported function for calls with these types of Rust's. Fails if there is none, or it is of another type.
    pub fn typed_func<P: WasmValues, R: WasmValues>(&self, context: &Context, name: &str) -> Result<TypedFunc<P, R>> {
        let function = self.func(context, name);
        function.ok_or_else(|| Error::argument(format!("there is no function '{name}'")))?.typed(context)
    }

    /// An exported memory.
    pub fn memory(&self, context: &Context, name: &str) -> Option<Memory> {
        self.export(context, name)?.memory().cloned()
    }

    /// An exported table.
    pub fn table(&self, context: &Context, name: &str) -> Option<Table> {
        self.export(context, name)?.table().cloned()
    }

    /// An exported global.
    pub fn global(&self, context: &Context, name: &str) -> Option<Global> {
        self.export(context, name)?.global().cloned()
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Instance").finish_non_exhaustive()
    }
}

/// Imports by the names that modules know them by, all of one store.
///
/// ```no_run
/// # use cannery::{Config, Engine, Linker, Module, Store};
/// # let engine = Engine::new(&Config::new())?;
/// # let mut store = Store::new(&engine)?;
/// let mut linker = Linker::new();
/// linker.func(&mut store, "host", "add", |a: i32, b: i32| a + b)?;
/// let module = Module::from_file(&engine, "module.wasm")?;
/// let instance = linker.instantiate(&mut store, &module)?;
/// # Ok::<(), cannery::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Linker {
    externs: HashMap<String, HashMap<String, Extern>>,
}

impl Linker {
    /// Without any imports.
    pub fn new() -> Linker {
        Linker::default()
    }

    /// Names an import; in place of what had the name before.
    pub fn define(&mut self, module: &str, name: &str, external: impl Into<Extern>) -> &mut Linker {
        self.externs.entry(module.into()).or_default().insert(name.into(), external.into());
        self
    }

    /// Names a closure, as [`Func::wrap`] takes it.
    pub fn func<Marker, F: IntoHostFunc<Marker>>(
        &mut self,
        context: &mut Context,
        module: &str,
        name: &str,
        function: F,
    ) -> Result<&mut Linker> {
        let function = Func::wrap(context, name, function)?;
        Ok(self.define(module, name, function))
    }

    /// Names all exports of an instance.
    pub fn instance(&mut self, context: &Context, module: &str, instance: &Instance) -> &mut Linker {
        for (ty, external) in instance.module().exports().iter().zip(instance.exports(context)) {
            self.define(module, &ty.name, external.clone());
        }
        self
    }

    /// What has a name.
    pub fn get(&self, module: &str, name: &str) -> Option<&Extern> {
        self.externs.get(module)?.get(name)
    }

    /// An instance of a module, with its imports by their names. Names that there aren't are an error of the kind
    /// [`ErrorKind::Link`].
    pub fn instantiate(&self, context: &mut Context, module: &Module) -> Result<Instance> {
        self.instantiate_with_limit(context, module, ffi::CANNERY_UNLIMITED)
    }

    /// The same with a limit of instructions for the start function.
    pub fn instantiate_with_limit(
        &self,
        context: &mut Context,
        module: &Module,
        instructions: u64,
    ) -> Result<Instance> {
        let imports: Result<Vec<_>> = module
            .imports()
            .iter()
            .map(|import| {
                let message = || format!("there is no import '{}' '{}'", import.module, import.name);
                let external = self.get(&import.module, &import.name).cloned();
                external.ok_or_else(|| Error::new(ErrorKind::Link, message()))
            })
            .collect();
        Instance::with_limit(context, module, &imports?, instructions)
    }
}
