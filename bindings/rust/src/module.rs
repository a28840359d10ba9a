//! Modules: compiled, opened, inspected.

use std::ffi::CString;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use crate::engine::{lend_bytes, take_bytes, Engine};
use crate::error::{Error, Result};
use crate::ffi;
use crate::store::Context;
use crate::types::{ExportType, ExternType, ImportType};

/// A compiled module. Any number of threads may use it, in any number of stores of its engine; clones are the same module.
#[derive(Clone)]
pub struct Module(Arc<ModuleData>);

struct ModuleData {
    /// What stores take it from, on any thread.
    shared: *mut ffi::wasm_shared_module_t,
    /// In a store of its own: used by one thread at a time.
    home: Mutex<Home>,
    exports: OnceLock<Box<[ExportType]>>,
    imports: OnceLock<Box<[ImportType]>>,
    engine: Engine,
}

struct Home {
    store: *mut ffi::wasm_store_t,
    module: *mut ffi::wasm_module_t,
}

// SAFETY: the home is behind a lock, and a store may go from thread to thread; the shared module is for all.
unsafe impl Send for ModuleData {}
// SAFETY: as above.
unsafe impl Sync for ModuleData {}

impl Drop for ModuleData {
    fn drop(&mut self) {
        let home = self.home.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner());
        // SAFETY: all were ours.
        unsafe {
            ffi::wasm_shared_module_delete(self.shared);
            ffi::wasm_module_delete(home.module);
            ffi::wasm_store_delete(home.store);
        }
    }
}

impl Module {
    /// Compiles a module, in binary or text form, compressed with gzip or not.
    pub fn new(engine: &Engine, module: impl AsRef<[u8]>) -> Result<Module> {
        let bytes = module.as_ref();
        Module::make(engine, |store, out| {
            // SAFETY: the bytes are lent for the call.
            unsafe { Error::check(ffi::cannery_module_new(store, bytes.as_ptr().cast(), bytes.len(), out)) }
        })
    }

    /// Compiles a module from a file.
    pub fn from_file(engine: &Engine, path: impl AsRef<Path>) -> Result<Module> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|error| {
            Error::new(crate::ErrorKind::File, format!("{} can't be read: {error}", path.display()))
        })?;
        Module::new(engine, bytes)
    }

    /// A module from an artifact, which [`serialize`](Module::serialize) or [`Engine::precompile`] made, by an engine of the
    /// same configuration. It may come from anywhere: it is verified.
    pub fn deserialize(engine: &Engine, artifact: impl AsRef<[u8]>) -> Result<Module> {
        let bytes = artifact.as_ref();
        Module::make(engine, |store, out| {
            let vector = ffi::wasm_byte_vec_t { size: bytes.len(), data: bytes.as_ptr() as *mut u8 };
            // SAFETY: the bytes are only read, during the call; the home is for us to write.
            unsafe {
                *out = ffi::wasm_module_deserialize(store, &vector);
                if (*out).is_null() {
                    return Err(Error::last());
                }
            }
            Ok(())
        })
    }

    /// Maps an artifact from a file. Each function is verified before its first call, or all by [`verify`](Module::verify).
    ///
    /// # Safety
    /// The file must not be changed or cut while the module, or an instance of it, lives. Replacing it by another of the same
    /// name, as [`save`](Module::save) does, is no change.
    pub unsafe fn open(engine: &Engine, path: impl AsRef<Path>) -> Result<Module> {
        let path = c_path(path.as_ref())?;
        Module::make(engine, |store, out| {
            // SAFETY: the path is lent for the call; the file is the caller's promise.
            unsafe { Error::check(ffi::cannery_module_open(store, path.as_ptr(), out)) }
        })
    }

    fn make(
        engine: &Engine,
        body: impl FnOnce(*mut ffi::wasm_store_t, *mut *mut ffi::wasm_module_t) -> Result<()>,
    ) -> Result<Module> {
        let mut home = Home { store: std::ptr::null_mut(), module: std::ptr::null_mut() };
        // SAFETY: `home.store` is written if there is no error, and ours then.
        unsafe { Error::check(ffi::cannery_store_new(engine.raw(), std::ptr::null(), false, &mut home.store))? };
        let outcome = body(home.store, &mut home.module);
        if let Err(error) = outcome {
            // SAFETY: it was ours.
            unsafe { ffi::wasm_store_delete(home.store) };
            engine.flush_log();
            return Err(error);
        }
        // SAFETY: the result is ours.
        let shared = unsafe { ffi::wasm_module_share(home.module) };
        let module = Module(Arc::new(ModuleData {
            shared,
            home: Mutex::new(home),
            exports: OnceLock::new(),
            imports: OnceLock::new(),
            engine: engine.clone(),
        }));
        engine.flush_log();
        Ok(module)
    }

    fn home(&self) -> MutexGuard<'_, Home> {
        self.0.home.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The engine that compiled or opened it.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The module's artifact.
    pub fn serialize(&self) -> Vec<u8> {
        let mut out = ffi::wasm_byte_vec_t { size: 0, data: std::ptr::null_mut() };
        // SAFETY: we have the home; the bytes are ours.
        unsafe { ffi::wasm_module_serialize(self.home().module, &mut out) };
        take_bytes(out)
    }

    /// Writes the module's artifact to a file: a reader sees all of it or nothing.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = c_path(path.as_ref())?;
        // SAFETY: we have the home; the path is lent for the call.
        unsafe { Error::check(ffi::cannery_module_save(self.home().module, path.as_ptr())) }
    }

    /// Verifies all functions now.
    pub fn verify(&self) -> Result<()> {
        // SAFETY: we have the home.
        unsafe { Error::check(ffi::cannery_module_verify(self.home().module)) }
    }

    /// SHA-256 of the module that was compiled.
    pub fn hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        // SAFETY: we have the home, and 32 bytes.
        unsafe { ffi::cannery_module_hash(self.home().module, hash.as_mut_ptr()) };
        hash
    }

    /// What the module needs, in its order.
    pub fn imports(&self) -> &[ImportType] {
        self.0.imports.get_or_init(|| {
            let mut out = ffi::wasm_importtype_vec_t { size: 0, data: std::ptr::null_mut() };
            // SAFETY: we have the home; the types are ours.
            unsafe {
                ffi::wasm_module_imports(self.home().module, &mut out);
                let count = if out.data.is_null() { 0 } else { out.size };
                let types = (0..count)
                    .map(|index| {
                        let raw = *out.data.add(index);
                        ImportType {
                            module: text(ffi::wasm_importtype_module(raw)),
                            name: text(ffi::wasm_importtype_name(raw)),
                            ty: ExternType::from_raw(ffi::wasm_importtype_type(raw)),
                        }
                    })
                    .collect();
                ffi::wasm_importtype_vec_delete(&mut out);
                types
            }
        })
    }

    /// What the module offers, in its order.
    pub fn exports(&self) -> &[ExportType] {
        self.0.exports.get_or_init(|| {
            let mut out = ffi::wasm_exporttype_vec_t { size: 0, data: std::ptr::null_mut() };
            // SAFETY: we have the home; the types are ours.
            unsafe {
                ffi::wasm_module_exports(self.home().module, &mut out);
                let count = if out.data.is_null() { 0 } else { out.size };
                let types = (0..count)
                    .map(|index| {
                        let raw = *out.data.add(index);
                        ExportType {
                            name: text(ffi::wasm_exporttype_name(raw)),
                            ty: ExternType::from_raw(ffi::wasm_exporttype_type(raw)),
                        }
                    })
                    .collect();
                ffi::wasm_exporttype_vec_delete(&mut out);
                types
            }
        })
    }

    /// The custom sections, with their names, in the module's order.
    pub fn custom_sections(&self) -> Vec<(String, Vec<u8>)> {
        let home = self.home();
        // SAFETY: we have the home; what is given is ours.
        unsafe {
            let mut sections = Vec::new();
            for index in 0..ffi::cannery_module_custom_section_count(home.module) {
                let mut name = ffi::wasm_byte_vec_t { size: 0, data: std::ptr::null_mut() };
                let mut contents = ffi::wasm_byte_vec_t { size: 0, data: std::ptr::null_mut() };
                if !ffi::cannery_module_custom_section(home.module, index, &mut name, &mut contents) {
                    break;
                }
                sections.push((String::from_utf8_lossy(&take_bytes(name)).into_owned(), take_bytes(contents)));
            }
            sections
        }
    }

    /// The module in a store, to be deleted. Fails for a store of another engine.
    pub(crate) fn obtain(&self, context: &Context) -> Result<*mut ffi::wasm_module_t> {
        if !context.engine().is_same(&self.0.engine) {
            return Err(Error::argument("the module belongs to another engine than the store"));
        }
        // SAFETY: we have the store.
        Ok(unsafe { ffi::wasm_module_obtain(context.raw(), self.0.shared) })
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Module").finish_non_exhaustive()
    }
}

/// # Safety
/// The name must live during the call.
unsafe fn text(name: *const ffi::wasm_name_t) -> String {
    // SAFETY: as above.
    String::from_utf8_lossy(unsafe { lend_bytes(name) }).into_owned()
}

fn c_path(path: &Path) -> Result<CString> {
    #[cfg(unix)]
    let bytes = std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str());
    #[cfg(not(unix))]
    let bytes = path.to_str().ok_or_else(|| Error::argument("the path is no Unicode"))?.as_bytes();
    CString::new(bytes).map_err(|_| Error::argument("the path has a zero inside"))
}
