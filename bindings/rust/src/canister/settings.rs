//! How a runtime and its canisters are to be.

use std::ffi::{c_uint, c_void};
use std::fmt;
use std::os::raw::c_char;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

use super::ffi;
use super::outcome::{from_cycles, to_cycles};
use super::principal::Principal;
use super::runtime::PanicSlot;
use crate::error::{Error, Result};
use crate::func::c_string;
use crate::store::drop_quietly;

type DebugPrint = dyn Fn(Principal, &[u8]) + Send + Sync;

/// What a [`Runtime`](super::Runtime) is made with.
#[derive(Clone, Default)]
pub struct RuntimeConfig {
    system_subnet: bool,
    threads: Option<usize>,
    seed: u64,
    start_time: Option<u64>,
    round_duration: Option<u64>,
    unoptimized: bool,
    numbers: Vec<(String, u128)>,
    debug_print: Option<Arc<DebugPrint>>,
}

impl RuntimeConfig {
    /// An application subnet, as a local network has it.
    pub fn new() -> RuntimeConfig {
        RuntimeConfig::default()
    }

    /// A system subnet, which charges nothing.
    pub fn system_subnet(mut self, is_one: bool) -> RuntimeConfig {
        self.system_subnet = is_one;
        self
    }

    /// Threads that execute canisters, 1 by default; results don't depend on it. 0 is one for each core.
    pub fn threads(mut self, threads: usize) -> RuntimeConfig {
        self.threads = Some(threads);
        self
    }

    /// What `raw_rand` begins with; 0 by default.
    pub fn seed(mut self, seed: u64) -> RuntimeConfig {
        self.seed = seed;
        self
    }

    /// The time at the beginning, in nanoseconds since 1970.
    pub fn start_time(mut self, nanoseconds: u64) -> RuntimeConfig {
        self.start_time = Some(nanoseconds);
        self
    }

    /// Nanoseconds that pass in each round; 1,000,000 by default.
    pub fn round_duration(mut self, nanoseconds: u64) -> RuntimeConfig {
        self.round_duration = Some(nanoseconds);
        self
    }

    /// Whether the compiler's passes run; they do by default. Results don't depend on it.
    pub fn optimization(mut self, is_on: bool) -> RuntimeConfig {
        self.unoptimized = !is_on;
        self
    }

    /// One of the subnet's fees and limits, such as `nodes`, `executionFee` or `messageInstructions`. Names that there aren't
    /// are told when the runtime is made.
    pub fn number(mut self, name: &str, number: u128) -> RuntimeConfig {
        self.numbers.push((name.into(), number));
        self
    }

    /// Gets what canisters print, at once, also where the execution fails later. It runs on the threads that execute
    /// canisters, one call at a time. A panic goes on where the runtime was used.
    pub fn debug_print(mut self, function: impl Fn(Principal, &[u8]) + Send + Sync + 'static) -> RuntimeConfig {
        self.debug_print = Some(Arc::new(function));
        self
    }

    /// A configuration of the library's; hooks put their panics into the slot.
    pub(crate) fn to_raw(&self, panics: &Arc<PanicSlot>) -> Result<RawConfig> {
        // SAFETY: the configuration is new, and ours; the hook goes to it, with what it needs.
        unsafe {
            let config = RawConfig(ffi::cannery_runtime_config_new());
            if self.system_subnet {
                ffi::cannery_runtime_config_set_system_subnet(config.0, true);
            }
            if let Some(threads) = self.threads {
                ffi::cannery_runtime_config_set_threads(config.0, threads);
            }
            ffi::cannery_runtime_config_set_seed(config.0, self.seed);
            if let Some(nanoseconds) = self.start_time {
                ffi::cannery_runtime_config_set_start_time(config.0, nanoseconds);
            }
            if let Some(nanoseconds) = self.round_duration {
                ffi::cannery_runtime_config_set_round_duration(config.0, nanoseconds);
            }
            ffi::cannery_runtime_config_set_optimization(config.0, !self.unoptimized);
            for (name, number) in &self.numbers {
                let name = c_string(name)?;
                Error::check(ffi::cannery_runtime_config_set_number(config.0, name.as_ptr(), to_cycles(*number)))?;
            }
            if let Some(function) = &self.debug_print {
                let hook = Box::new(Hook { function: function.clone(), panics: panics.clone() });
                ffi::cannery_runtime_config_set_debug_print(
                    config.0,
                    Some(print),
                    Box::into_raw(hook) as *mut c_void,
                    Some(drop_hook),
                );
            }
            Ok(config)
        }
    }
}

impl fmt::Debug for RuntimeConfig {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RuntimeConfig")
            .field("system_subnet", &self.system_subnet)
            .field("threads", &self.threads)
            .field("seed", &self.seed)
            .field("numbers", &self.numbers)
            .finish_non_exhaustive()
    }
}

struct Hook {
    function: Arc<DebugPrint>,
    panics: Arc<PanicSlot>,
}

unsafe extern "C" fn print(
    env: *mut c_void,
    canister: *const ffi::cannery_principal_t,
    text: *const c_char,
    size: usize,
) {
    // SAFETY: `env` is the hook; the rest lives during the call.
    let (hook, canister, text) = unsafe {
        let text = if text.is_null() { &[][..] } else { std::slice::from_raw_parts(text as *const u8, size) };
        (&*(env as *const Hook), Principal(*canister), text)
    };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| (hook.function)(canister, text))) {
        hook.panics.keep(payload);
    }
}

unsafe extern "C" fn drop_hook(env: *mut c_void) {
    // SAFETY: the library calls it once, with what it was given.
    drop_quietly(unsafe { Box::from_raw(env as *mut Hook) });
}

pub(crate) struct RawConfig(pub *mut ffi::cannery_runtime_config_t);

impl Drop for RawConfig {
    fn drop(&mut self) {
        // SAFETY: it was ours.
        unsafe { ffi::cannery_runtime_config_delete(self.0) }
    }
}

/// Some or all settings of a canister: what is `None` is left as it is, or at its default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Who may change and delete it.
    pub controllers: Option<Vec<Principal>>,
    /// Percent.
    pub compute_allocation: Option<u128>,
    /// Bytes.
    pub memory_allocation: Option<u128>,
    /// Seconds.
    pub freezing_threshold: Option<u128>,
    /// Cycles.
    pub reserved_cycles_limit: Option<u128>,
    /// Cycles.
    pub minimum_incoming_call_cycles: Option<u128>,
    /// Bytes.
    pub wasm_memory_limit: Option<u128>,
    /// Bytes.
    pub wasm_memory_threshold: Option<u128>,
    /// Bytes.
    pub log_memory_limit: Option<u128>,
}

impl Settings {
    /// The numbers, in the order of `cannery_setting_t`.
    fn numbers(&mut self) -> [&mut Option<u128>; 8] {
        [
            &mut self.compute_allocation,
            &mut self.memory_allocation,
            &mut self.freezing_threshold,
            &mut self.reserved_cycles_limit,
            &mut self.minimum_incoming_call_cycles,
            &mut self.wasm_memory_limit,
            &mut self.wasm_memory_threshold,
            &mut self.log_memory_limit,
        ]
    }

    pub(crate) fn to_raw(&self) -> Result<RawSettings> {
        // SAFETY: the settings are new, and ours; principals are copied.
        unsafe {
            let raw = RawSettings(ffi::cannery_settings_new());
            for (index, number) in self.clone().numbers().into_iter().enumerate() {
                let Some(number) = number else { continue };
                if !ffi::cannery_settings_set(raw.0, index as c_uint, to_cycles(*number)) {
                    return Err(Error::argument("a setting's number is too large"));
                }
            }
            if let Some(controllers) = &self.controllers {
                let list: Vec<_> = controllers.iter().map(|principal| principal.0).collect();
                ffi::cannery_settings_set_controllers(raw.0, list.as_ptr(), list.len());
            }
            Ok(raw)
        }
    }

    pub(crate) fn from_raw(raw: &RawSettings) -> Settings {
        let mut settings = Settings::default();
        // SAFETY: there is room for as many principals as there are.
        unsafe {
            for (index, number) in settings.numbers().into_iter().enumerate() {
                let mut cycles = to_cycles(0);
                if ffi::cannery_settings_get(raw.0, index as c_uint, &mut cycles) {
                    *number = Some(from_cycles(cycles));
                }
            }
            let count = ffi::cannery_settings_controllers(raw.0, std::ptr::null_mut(), 0);
            let mut list = vec![Principal::MANAGEMENT.0; count];
            ffi::cannery_settings_controllers(raw.0, list.as_mut_ptr(), count);
            settings.controllers = Some(list.into_iter().map(Principal).collect());
        }
        settings
    }
}

pub(crate) struct RawSettings(pub *mut ffi::cannery_settings_t);

impl Drop for RawSettings {
    fn drop(&mut self) {
        // SAFETY: it was ours.
        unsafe { ffi::cannery_settings_delete(self.0) }
    }
}
