//! Engines and how they are configured.

use std::collections::VecDeque;
use std::ffi::{c_void, CStr};
use std::fmt;
use std::os::raw::c_char;
use std::sync::{Arc, Mutex};

use crate::error::{Error, Result};
use crate::ffi;

/// What modules may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Features {
    /// WebAssembly 1.0.
    Wasm1,
    /// WebAssembly 2.0.
    Wasm2,
    /// WebAssembly 3.0.
    #[default]
    Wasm3,
    /// What the Internet Computer accepts.
    Icp,
}

/// How instructions are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Metering {
    /// Not at all.
    #[default]
    None,
    /// Each operator is one.
    Operators,
    /// As the Internet Computer counts.
    Icp,
}

/// What is told besides errors. Each level has those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LogLevel {
    /// Modules and artifacts that were refused.
    Warning = 1,
    /// What was compiled, and how long it took.
    Info = 2,
    /// What was opened, and instances.
    Debug = 3,
}

type LogFunction = dyn Fn(LogLevel, &str) + Send + Sync;

/// How an [`Engine`] is to be.
///
/// ```no_run
/// use cannery::{Config, Engine, Features, Metering};
/// let engine = Engine::new(&Config::new().features(Features::Icp).metering(Metering::Icp))?;
/// # Ok::<(), cannery::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Config {
    features: Features,
    metering: Metering,
    unoptimized: bool,
    threads: usize,
    inflated_size_limit: Option<usize>,
    logger: Option<(LogLevel, Arc<LogFunction>)>,
}

impl Config {
    /// WebAssembly 3.0 without metering.
    pub fn new() -> Config {
        Config::default()
    }

    /// What modules may use.
    pub fn features(mut self, features: Features) -> Config {
        self.features = features;
        self
    }

    /// How instructions are counted.
    pub fn metering(mut self, metering: Metering) -> Config {
        self.metering = metering;
        self
    }

    /// Whether the compiler's passes run; they do by default. Counts don't depend on it.
    pub fn optimization(mut self, is_on: bool) -> Config {
        self.unoptimized = !is_on;
        self
    }

    /// Threads that compile a module's functions; 0, the default, is one for each core.
    pub fn threads(mut self, threads: usize) -> Config {
        self.threads = threads;
        self
    }

    /// Bytes that a compressed module may have when it is inflated.
    pub fn inflated_size_limit(mut self, bytes: usize) -> Config {
        self.inflated_size_limit = Some(bytes);
        self
    }

    /// Where messages up to `level` go. The function is called after the crate's function that had something to tell has done
    /// its work, on one of the threads that use the engine.
    pub fn logger(mut self, level: LogLevel, function: impl Fn(LogLevel, &str) + Send + Sync + 'static) -> Config {
        self.logger = Some((level, Arc::new(function)));
        self
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Config")
            .field("features", &self.features)
            .field("metering", &self.metering)
            .field("optimization", &!self.unoptimized)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

/// Messages wait here until the library has returned: it must not be called from inside the callback, which the user's
/// function might do.
struct Log {
    function: Arc<LogFunction>,
    waiting: Mutex<VecDeque<(LogLevel, String)>>,
}

unsafe extern "C" fn log_callback(env: *mut c_void, level: ffi::cannery_log_level_t, message: *const c_char) {
    // SAFETY: `env` is the engine's log, which lives longer than the engine; the message lives during the call.
    let (log, message) = unsafe { (&*(env as *const Log), CStr::from_ptr(message)) };
    let level = match level {
        1 => LogLevel::Warning,
        2 => LogLevel::Info,
        _ => LogLevel::Debug,
    };
    let mut waiting = log.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    waiting.push_back((level, message.to_string_lossy().into_owned()));
}

struct EngineData {
    raw: *mut ffi::wasm_engine_t,
    log: Option<Box<Log>>,
}

// SAFETY: any number of threads may use an engine at a time, as wasm.h says; what the log has is both.
unsafe impl Send for EngineData {}
// SAFETY: as above.
unsafe impl Sync for EngineData {}

impl Drop for EngineData {
    fn drop(&mut self) {
        // SAFETY: the engine was ours. Stores that still have it keep this data too.
        unsafe { ffi::wasm_engine_delete(self.raw) }
    }
}

/// Compiles modules and makes stores. Any number of threads may use an engine; clones are the same engine.
#[derive(Clone)]
pub struct Engine(Arc<EngineData>);

impl Engine {
    /// An engine. Fails where the processor lacks what compiled code needs.
    pub fn new(config: &Config) -> Result<Engine> {
        let log = config
            .logger
            .as_ref()
            .map(|(_, function)| Box::new(Log { function: function.clone(), waiting: Mutex::new(VecDeque::new()) }));
        // SAFETY: the configuration is new, and goes to the engine. The log stays where it is as long as the engine.
        let raw = unsafe {
            let raw = ffi::wasm_config_new();
            let features = match config.features {
                Features::Wasm1 => 0,
                Features::Wasm2 => 1,
                Features::Wasm3 => 2,
                Features::Icp => 3,
            };
            let metering = match config.metering {
                Metering::None => 0,
                Metering::Operators => 1,
                Metering::Icp => 2,
            };
            ffi::cannery_config_set_features(raw, features);
            ffi::cannery_config_set_metering(raw, metering);
            ffi::cannery_config_set_optimization(raw, !config.unoptimized);
            ffi::cannery_config_set_threads(raw, config.threads);
            if let Some(bytes) = config.inflated_size_limit {
                ffi::cannery_config_set_inflated_size_limit(raw, bytes);
            }
            if let (Some(log), Some((level, _))) = (&log, &config.logger) {
                let env = &**log as *const Log as *mut c_void;
                ffi::cannery_config_set_logger(raw, Some(log_callback), env, *level as ffi::cannery_log_level_t);
            }
            ffi::wasm_engine_new_with_config(raw)
        };
        if raw.is_null() {
            return Err(Error::last());
        }
        Ok(Engine(Arc::new(EngineData { raw, log })))
    }

    /// Compiles a module, in binary or text form, compressed with gzip or not, to an artifact for
    /// [`Module::deserialize`](crate::Module::deserialize).
    pub fn precompile(&self, module: impl AsRef<[u8]>) -> Result<Vec<u8>> {
        let bytes = module.as_ref();
        let mut out = ffi::wasm_byte_vec_t { size: 0, data: std::ptr::null_mut() };
        // SAFETY: the bytes are lent for the call; `out` is written if there is no error, and ours then.
        let outcome =
            unsafe { Error::check(ffi::cannery_precompile(self.raw(), bytes.as_ptr().cast(), bytes.len(), &mut out)) };
        self.flush_log();
        outcome.map(|()| take_bytes(out))
    }

    /// Whether a module is well-formed and valid, and uses nothing that is off.
    pub fn validate(&self, module: impl AsRef<[u8]>) -> Result<()> {
        let bytes = module.as_ref();
        // SAFETY: the bytes are lent for the call.
        let outcome =
            unsafe { Error::check(ffi::cannery_module_validate(self.raw(), bytes.as_ptr().cast(), bytes.len())) };
        self.flush_log();
        outcome
    }

    pub(crate) fn raw(&self) -> *mut ffi::wasm_engine_t {
        self.0.raw
    }

    pub(crate) fn is_same(&self, other: &Engine) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Tells the user what the library had to tell.
    pub(crate) fn flush_log(&self) {
        let Some(log) = &self.0.log else { return };
        loop {
            // The user's function may log again: nothing is locked while it runs.
            let next = log.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).pop_front();
            let Some((level, message)) = next else { return };
            (log.function)(level, &message);
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Engine").finish_non_exhaustive()
    }
}

/// The binary format of a module in text form.
pub fn wat2wasm(text: &str) -> Result<Vec<u8>> {
    let mut out = ffi::wasm_byte_vec_t { size: 0, data: std::ptr::null_mut() };
    // SAFETY: the text is lent for the call; `out` is written if there is no error, and ours then.
    unsafe { Error::check(ffi::cannery_wat2wasm(text.as_ptr().cast(), text.len(), &mut out))? };
    Ok(take_bytes(out))
}

/// The library's version.
pub fn version() -> &'static str {
    // SAFETY: the text is never freed.
    unsafe { CStr::from_ptr(ffi::cannery_version()) }.to_str().unwrap_or("")
}

/// Copies a vector of the library's, and deletes it.
pub(crate) fn take_bytes(mut vector: ffi::wasm_byte_vec_t) -> Vec<u8> {
    // SAFETY: whoever calls has got the vector to own.
    unsafe {
        let bytes = lend_bytes(&vector).to_vec();
        ffi::wasm_byte_vec_delete(&mut vector);
        bytes
    }
}

/// The bytes of a vector.
///
/// # Safety
/// The vector must be one of the library's, which lives as long as the result is used.
pub(crate) unsafe fn lend_bytes<'a>(vector: *const ffi::wasm_byte_vec_t) -> &'a [u8] {
    // SAFETY: a vector that has data has so many bytes of it.
    unsafe {
        if vector.is_null() || (*vector).data.is_null() {
            return &[];
        }
        std::slice::from_raw_parts((*vector).data, (*vector).size)
    }
}
