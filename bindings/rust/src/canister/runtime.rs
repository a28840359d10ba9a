//! The runtime: canisters, messages, time, state.

use std::any::Any;
use std::cell::Cell;
use std::ffi::c_uint;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};

use super::ffi;
use super::message::{Argument, Call, Install};
use super::outcome::{from_cycles, to_cycles, Activity, Outcome};
use super::principal::{Candid, Principal};
use super::settings::{RawSettings, RuntimeConfig, Settings};
use crate::engine::take_bytes;
use crate::error::{Error, Result};
use crate::ffi::{cannery_error_t, wasm_byte_vec_t};

/// A panic of a hook, until the library has returned.
#[derive(Default)]
pub(crate) struct PanicSlot(Mutex<Option<Box<dyn Any + Send>>>);

impl PanicSlot {
    pub fn keep(&self, payload: Box<dyn Any + Send>) {
        let old = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).replace(payload);
        crate::store::drop_quietly(old);
    }

    fn resume(&self) {
        let payload = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(payload) = payload {
            std::panic::resume_unwind(payload);
        }
    }
}

/// Whether a canister takes messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CanisterState {
    /// It does.
    Running,
    /// Only answers to its own calls.
    Stopping,
    /// It doesn't.
    Stopped,
}

/// What a canister is at present.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CanisterStatus {
    /// Whether it takes messages.
    pub state: CanisterState,
    /// SHA-256 of the module's file, if one is installed.
    pub module_hash: Option<[u8; 32]>,
    /// Counts its changes.
    pub version: u64,
    /// Cycles that it has.
    pub balance: u128,
    /// Cycles that are set aside for storage.
    pub reserved_balance: u128,
    /// Cycles that it costs in a day without doing anything.
    pub idle_cycles_per_day: u128,
    /// Bytes, all that is billed.
    pub memory_size: u64,
    /// Of it, the heap.
    pub heap_size: u64,
    /// Of it, the stable memory.
    pub stable_size: u64,
    /// Of it, snapshots.
    pub snapshots_size: u64,
    /// When the global timer is due, in nanoseconds since 1970.
    pub global_timer: Option<u64>,
}

/// Canisters on one machine, with the rules of the Internet Computer: messages, cycles, the management canister. The same
/// inputs give the same state.
///
/// A runtime is used by one thread at a time, and can be moved to another.
pub struct Runtime {
    raw: *mut ffi::cannery_runtime_t,
    panics: Arc<PanicSlot>,
    not_sync: PhantomData<Cell<()>>,
}

// SAFETY: a runtime may go from thread to thread; its hooks are `Send` and `Sync`.
unsafe impl Send for Runtime {}

impl Runtime {
    /// A runtime without canisters.
    pub fn new(config: &RuntimeConfig) -> Result<Runtime> {
        Runtime::make(config, |config, out| {
            // SAFETY: the configuration is lent for the call.
            unsafe { ffi::cannery_runtime_new(config, out) }
        })
    }

    /// A runtime that goes on from a state, which [`save`](Runtime::save) gave. The state overrides time and randomness.
    pub fn load(config: &RuntimeConfig, state: &[u8]) -> Result<Runtime> {
        Runtime::make(config, |config, out| {
            // SAFETY: configuration and state are lent for the call.
            unsafe { ffi::cannery_runtime_load(config, state.as_ptr().cast(), state.len(), out) }
        })
    }

    fn make(
        config: &RuntimeConfig,
        body: impl FnOnce(*const ffi::cannery_runtime_config_t, *mut *mut ffi::cannery_runtime_t) -> *mut cannery_error_t,
    ) -> Result<Runtime> {
        let panics = Arc::new(PanicSlot::default());
        let (config, mut raw) = (config.to_raw(&panics)?, std::ptr::null_mut());
        // SAFETY: the error is ours; so is the runtime, if there is none.
        unsafe { Error::check(body(config.0, &mut raw))? };
        Ok(Runtime { raw, panics, not_sync: PhantomData })
    }

    /// Uses the runtime, and goes on with a panic of a hook.
    fn run(&self, body: impl FnOnce(*mut ffi::cannery_runtime_t) -> *mut cannery_error_t) -> Result<()> {
        // SAFETY: the error is ours.
        let outcome = unsafe { Error::check(body(self.raw)) };
        self.panics.resume();
        outcome
    }

    fn outcome(
        &self,
        body: impl FnOnce(*mut ffi::cannery_runtime_t, *mut *mut ffi::cannery_outcome_t) -> *mut cannery_error_t,
    ) -> Result<Outcome> {
        let mut raw = std::ptr::null_mut();
        // SAFETY: the error is ours; so is the outcome, if there is none.
        let outcome = unsafe { Error::check(body(self.raw, &mut raw)).map(|()| Outcome::take(raw)) };
        self.panics.resume();
        outcome
    }

    /// Makes an empty canister, with the cycles that a local network gives, controlled by the anonymous principal.
    pub fn create(&mut self) -> Result<Principal> {
        self.create_with(&Settings::default(), None, None)
    }

    /// Makes an empty canister, with this balance, under this id.
    pub fn create_with(
        &mut self,
        settings: &Settings,
        cycles: Option<u128>,
        id: Option<Principal>,
    ) -> Result<Principal> {
        let settings = settings.to_raw()?;
        let cycles = cycles.map(to_cycles);
        let cycles = cycles.as_ref().map_or(std::ptr::null(), |cycles| cycles as *const _);
        let id = id.as_ref().map_or(std::ptr::null(), |id| &id.0 as *const _);
        let mut out = Principal::MANAGEMENT;
        // SAFETY: all is lent for the call.
        self.run(|raw| unsafe { ffi::cannery_runtime_create(raw, settings.0, cycles, id, &mut out.0) })?;
        Ok(out)
    }

    /// All settings of a canister.
    pub fn settings(&self, canister: Principal) -> Result<Settings> {
        let mut out = std::ptr::null_mut();
        // SAFETY: the result is ours.
        self.run(|raw| unsafe { ffi::cannery_runtime_settings(raw, &canister.0, &mut out) })?;
        Ok(Settings::from_raw(&RawSettings(out)))
    }

    /// Changes settings of a canister.
    pub fn update_settings(&mut self, canister: Principal, settings: &Settings) -> Result<()> {
        let settings = settings.to_raw()?;
        // SAFETY: all is lent for the call.
        self.run(|raw| unsafe { ffi::cannery_runtime_update_settings(raw, &canister.0, settings.0) })
    }

    /// Drops the code and all that it kept.
    pub fn uninstall(&mut self, canister: Principal) -> Result<()> {
        // SAFETY: the id is lent for the call.
        self.run(|raw| unsafe { ffi::cannery_runtime_uninstall(raw, &canister.0) })
    }

    /// Lets a canister take messages again.
    pub fn start(&mut self, canister: Principal) -> Result<()> {
        // SAFETY: the id is lent for the call.
        self.run(|raw| unsafe { ffi::cannery_runtime_start(raw, &canister.0) })
    }

    /// Executes up to so many rounds until the canister has stopped. Tells whether it has; if not, it stops later.
    pub fn stop(&mut self, canister: Principal, rounds: u64) -> Result<bool> {
        let mut stopped = false;
        // SAFETY: the id is lent for the call.
        self.run(|raw| unsafe { ffi::cannery_runtime_stop(raw, &canister.0, rounds, &mut stopped) })?;
        Ok(stopped)
    }

    /// Deletes a stopped canister.
    pub fn remove(&mut self, canister: Principal) -> Result<()> {
        // SAFETY: the id is lent for the call.
        self.run(|raw| unsafe { ffi::cannery_runtime_remove(raw, &canister.0) })
    }

    /// Gives a canister cycles.
    pub fn top_up(&mut self, canister: Principal, cycles: u128) -> Result<()> {
        // SAFETY: the id is lent for the call.
        self.run(|raw| unsafe { ffi::cannery_runtime_top_up(raw, &canister.0, to_cycles(cycles)) })
    }

    /// Installs a module. The outcome is an empty reply; or a reject, after which nothing but cycles and log has changed.
    pub fn install(&mut self, canister: Principal, install: Install<'_>) -> Result<Outcome> {
        let (bytes, text) = install.argument.raw()?;
        let raw_install = ffi::cannery_install_t {
            module: install.module.as_ptr().cast(),
            module_size: install.module.len(),
            mode: install.mode as c_uint,
            argument: bytes.map_or(std::ptr::null(), |bytes| bytes.as_ptr().cast()),
            argument_size: bytes.map_or(0, <[u8]>::len),
            argument_text: text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr()),
            caller: install.caller.as_ref().map_or(std::ptr::null(), |caller| &caller.0),
            skips_pre_upgrade: install.skips_pre_upgrade,
            keeps_heap: install.keeps_heap,
        };
        // SAFETY: all is lent for the call.
        self.outcome(|raw, out| unsafe { ffi::cannery_runtime_install(raw, &canister.0, &raw_install, out) })
    }

    /// Calls an update method, and executes rounds until it is answered.
    pub fn call(&mut self, canister: Principal, method: &str, argument: Argument<'_>) -> Result<Outcome> {
        self.call_with(&Call::new(canister, method, argument))
    }

    /// The same in all its details.
    pub fn call_with(&mut self, call: &Call<'_>) -> Result<Outcome> {
        // SAFETY: the call is lent.
        call.with(|call| self.outcome(|raw, out| unsafe { ffi::cannery_runtime_call(raw, call, out) }))
    }

    /// Executes a query method on the present state; nothing changes.
    pub fn query(&mut self, canister: Principal, method: &str, argument: Argument<'_>) -> Result<Outcome> {
        self.query_with(&Call::new(canister, method, argument))
    }

    /// The same in all its details.
    pub fn query_with(&mut self, call: &Call<'_>) -> Result<Outcome> {
        // SAFETY: the call is lent.
        call.with(|call| self.outcome(|raw, out| unsafe { ffi::cannery_runtime_query(raw, call, out) }))
    }

    /// Sends an update call, and doesn't wait. Gives the message's number.
    pub fn submit(&mut self, call: &Call<'_>) -> Result<u64> {
        let mut ingress = 0;
        // SAFETY: the call is lent.
        call.with(|call| self.run(|raw| unsafe { ffi::cannery_runtime_submit(raw, call, &mut ingress) }))?;
        Ok(ingress)
    }

    /// What has become of a message, without executing anything.
    pub fn poll(&mut self, ingress: u64) -> Result<Outcome> {
        // SAFETY: the result is ours.
        self.outcome(|raw, out| unsafe { ffi::cannery_runtime_poll(raw, ingress, out) })
    }

    /// Executes at most so many rounds, while at most so many nanoseconds pass, until a message is answered; 0 for the same
    /// defaults as of [`Call`]. The answer is forgotten then.
    pub fn answer(&mut self, ingress: u64, rounds: u64, timeout: u64) -> Result<Outcome> {
        // SAFETY: the result is ours.
        self.outcome(|raw, out| unsafe { ffi::cannery_runtime_answer(raw, ingress, rounds, timeout, out) })
    }

    /// Executes so many rounds: timers, heartbeats, messages.
    pub fn tick(&mut self, rounds: u64) -> Result<()> {
        // SAFETY: the runtime is ours.
        self.run(|raw| unsafe { ffi::cannery_runtime_tick(raw, rounds) })
    }

    /// Rounds that were executed so far.
    pub fn rounds(&self) -> Result<u64> {
        let mut rounds = 0;
        // SAFETY: the runtime is ours.
        self.run(|raw| unsafe { ffi::cannery_runtime_rounds(raw, &mut rounds) })?;
        Ok(rounds)
    }

    /// The time, in nanoseconds since 1970.
    pub fn time(&self) -> Result<u64> {
        let mut time = 0;
        // SAFETY: the runtime is ours.
        self.run(|raw| unsafe { ffi::cannery_runtime_time(raw, &mut time) })?;
        Ok(time)
    }

    /// Sets the time, which never goes back; what is due then happens in the next round.
    pub fn set_time(&mut self, nanoseconds: u64) -> Result<()> {
        // SAFETY: the runtime is ours.
        self.run(|raw| unsafe { ffi::cannery_runtime_set_time(raw, nanoseconds) })
    }

    /// Lets time pass, and executes what is due on the way when it is due, in at most so many rounds.
    pub fn advance_time(&mut self, nanoseconds: u64, rounds: u64) -> Result<()> {
        // SAFETY: the runtime is ours.
        self.run(|raw| unsafe { ffi::cannery_runtime_advance_time(raw, nanoseconds, rounds) })
    }

    /// What was executed and logged since the last time, without what outcomes told.
    pub fn take_activity(&mut self) -> Result<Activity> {
        let mut out = std::ptr::null_mut();
        // SAFETY: the result is ours.
        unsafe {
            self.run(|raw| ffi::cannery_runtime_take_activity(raw, &mut out))?;
            Ok(Activity::take(out))
        }
    }

    /// The canisters, in ascending order of their ids.
    pub fn canisters(&self) -> Result<Vec<Principal>> {
        let mut count = 0;
        // SAFETY: with no room nothing is written, and then there is room for all.
        unsafe {
            self.run(|raw| ffi::cannery_runtime_canisters(raw, std::ptr::null_mut(), 0, &mut count))?;
            let mut ids = vec![Principal::MANAGEMENT.0; count];
            self.run(|raw| ffi::cannery_runtime_canisters(raw, ids.as_mut_ptr(), ids.len(), &mut count))?;
            Ok(ids.into_iter().take(count).map(Principal).collect())
        }
    }

    /// What a canister is at present.
    pub fn status(&self, canister: Principal) -> Result<CanisterStatus> {
        // SAFETY: zeros are a status, which is written before it is read.
        let mut out: ffi::cannery_canister_status_t = unsafe { std::mem::zeroed() };
        // SAFETY: the id is lent for the call.
        self.run(|raw| unsafe { ffi::cannery_runtime_status(raw, &canister.0, &mut out) })?;
        Ok(CanisterStatus {
            state: match out.state {
                1 => CanisterState::Running,
                2 => CanisterState::Stopping,
                _ => CanisterState::Stopped,
            },
            module_hash: out.has_module.then_some(out.module_hash),
            version: out.version,
            balance: from_cycles(out.balance),
            reserved_balance: from_cycles(out.reserved_balance),
            idle_cycles_per_day: from_cycles(out.idle_cycles_per_day),
            memory_size: out.memory_size,
            heap_size: out.heap_size,
            stable_size: out.stable_size,
            snapshots_size: out.snapshots_size,
            global_timer: (out.global_timer != 0).then_some(out.global_timer),
        })
    }

    /// Copies bytes of the heap. Fails, and copies nothing, if they aren't all there.
    pub fn read_heap(&self, canister: Principal, offset: u64, bytes: &mut [u8]) -> Result<()> {
        let (data, size) = (bytes.as_mut_ptr().cast(), bytes.len());
        // SAFETY: the library writes so many bytes at most.
        self.run(|raw| unsafe { ffi::cannery_runtime_read_heap(raw, &canister.0, offset, data, size) })
    }

    /// Copies bytes of the stable memory. Fails, and copies nothing, if they aren't all there.
    pub fn read_stable(&self, canister: Principal, offset: u64, bytes: &mut [u8]) -> Result<()> {
        let (data, size) = (bytes.as_mut_ptr().cast(), bytes.len());
        // SAFETY: the library writes so many bytes at most.
        self.run(|raw| unsafe { ffi::cannery_runtime_read_stable(raw, &canister.0, offset, data, size) })
    }

    /// A canister's certified data.
    pub fn certified_data(&self, canister: Principal) -> Result<Vec<u8>> {
        self.bytes(|raw, out| {
            // SAFETY: the id is lent for the call.
            unsafe { ffi::cannery_runtime_certified_data(raw, &canister.0, out) }
        })
    }

    /// A canister's log.
    pub fn logs(&self, canister: Principal) -> Result<Activity> {
        let mut out = std::ptr::null_mut();
        // SAFETY: the result is ours.
        unsafe {
            self.run(|raw| ffi::cannery_runtime_logs(raw, &canister.0, &mut out))?;
            Ok(Activity::take(out))
        }
    }

    /// The interface that the canister's module tells; also of the management canister.
    pub fn interface(&self, canister: Principal) -> Result<Candid> {
        let mut out = std::ptr::null_mut();
        // SAFETY: the result is ours.
        self.run(|raw| unsafe { ffi::cannery_runtime_interface(raw, &canister.0, &mut out) })?;
        Ok(Candid(out))
    }

    /// SHA-256 of the state: the same for the same inputs.
    pub fn state_hash(&self) -> Result<[u8; 32]> {
        let mut hash = [0; 32];
        // SAFETY: there are 32 bytes.
        self.run(|raw| unsafe { ffi::cannery_runtime_state_hash(raw, hash.as_mut_ptr()) })?;
        Ok(hash)
    }

    /// The whole state, for [`load`](Runtime::load).
    pub fn save(&self) -> Result<Vec<u8>> {
        self.bytes(|raw, out| {
            // SAFETY: the result is ours.
            unsafe { ffi::cannery_runtime_save(raw, out) }
        })
    }

    fn bytes(
        &self,
        body: impl FnOnce(*mut ffi::cannery_runtime_t, *mut wasm_byte_vec_t) -> *mut cannery_error_t,
    ) -> Result<Vec<u8>> {
        let mut out = wasm_byte_vec_t { size: 0, data: std::ptr::null_mut() };
        self.run(|raw| body(raw, &mut out))?;
        Ok(take_bytes(out))
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // SAFETY: it was ours.
        unsafe { ffi::cannery_runtime_delete(self.raw) }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Runtime").finish_non_exhaustive()
    }
}
