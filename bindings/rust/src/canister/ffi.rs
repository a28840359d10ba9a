//! The C interface of `cannery-canister.h` and `cannery-candid.h`, as far as this crate uses it.

#![allow(non_camel_case_types, missing_docs, missing_debug_implementations)]

use std::marker::{PhantomData, PhantomPinned};
use std::os::raw::{c_char, c_uint, c_void};

use crate::ffi::{cannery_error_t, finalizer_t, opaque, wasm_byte_vec_t};

opaque! {
    cannery_activity_t cannery_outcome_t cannery_runtime_config_t cannery_runtime_t cannery_settings_t cannery_candid_t
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct cannery_principal_t {
    pub size: u8,
    pub bytes: [u8; 29],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cannery_cycles_t {
    pub low: u64,
    pub high: u64,
}

#[repr(C)]
pub struct cannery_execution_report_t {
    pub canister: cannery_principal_t,
    pub name: *const c_char,
    pub instructions: u64,
    pub cycles: cannery_cycles_t,
    pub dirty_pages: usize,
    pub error_code: u32,
}

#[repr(C)]
pub struct cannery_log_record_t {
    pub canister: cannery_principal_t,
    pub index: u64,
    pub time: u64,
    pub text: *const c_char,
    pub size: usize,
}

#[repr(C)]
pub struct cannery_install_t {
    pub module: *const c_void,
    pub module_size: usize,
    pub mode: c_uint,
    pub argument: *const c_void,
    pub argument_size: usize,
    pub argument_text: *const c_char,
    pub caller: *const cannery_principal_t,
    pub skips_pre_upgrade: bool,
    pub keeps_heap: bool,
}

#[repr(C)]
pub struct cannery_call_t {
    pub canister: *const cannery_principal_t,
    pub method: *const c_char,
    pub argument: *const c_void,
    pub argument_size: usize,
    pub argument_text: *const c_char,
    pub caller: *const cannery_principal_t,
    pub cycles: cannery_cycles_t,
    pub rounds: u64,
    pub timeout: u64,
}

#[repr(C)]
pub struct cannery_canister_status_t {
    pub state: c_uint,
    pub has_module: bool,
    pub module_hash: [u8; 32],
    pub version: u64,
    pub balance: cannery_cycles_t,
    pub reserved_balance: cannery_cycles_t,
    pub idle_cycles_per_day: cannery_cycles_t,
    pub memory_size: u64,
    pub heap_size: u64,
    pub stable_size: u64,
    pub snapshots_size: u64,
    pub global_timer: u64,
}

pub type cannery_debug_print_t =
    unsafe extern "C" fn(env: *mut c_void, canister: *const cannery_principal_t, text: *const c_char, size: usize);

type Failure = *mut cannery_error_t;

extern "C" {
    pub fn cannery_principal_parse(text: *const c_char, out: *mut cannery_principal_t) -> Failure;
    pub fn cannery_principal_format(principal: *const cannery_principal_t, out: *mut c_char) -> bool;
    pub fn cannery_principal_anonymous(out: *mut cannery_principal_t);
    pub fn cannery_principal_canister(number: u64, out: *mut cannery_principal_t);

    pub fn cannery_candid_new(did: *const c_char, size: usize, out: *mut *mut cannery_candid_t) -> Failure;
    pub fn cannery_candid_of_module(module: *const c_void, size: usize, out: *mut *mut cannery_candid_t) -> Failure;
    pub fn cannery_candid_delete(candid: *mut cannery_candid_t);
    pub fn cannery_candid_method_count(candid: *const cannery_candid_t) -> usize;
    pub fn cannery_candid_method_name(candid: *const cannery_candid_t, index: usize) -> *const c_char;
    pub fn cannery_candid_method_is_query(candid: *const cannery_candid_t, index: usize) -> bool;
    pub fn cannery_candid_encode(
        candid: *const cannery_candid_t,
        method: *const c_char,
        side: c_uint,
        text: *const c_char,
        out: *mut wasm_byte_vec_t,
    ) -> Failure;
    pub fn cannery_candid_decode(
        candid: *const cannery_candid_t,
        method: *const c_char,
        side: c_uint,
        message: *const c_void,
        size: usize,
        out: *mut wasm_byte_vec_t,
    ) -> Failure;

    pub fn cannery_activity_delete(activity: *mut cannery_activity_t);
    pub fn cannery_activity_execution_count(activity: *const cannery_activity_t) -> usize;
    pub fn cannery_activity_execution(
        activity: *const cannery_activity_t,
        index: usize,
        out: *mut cannery_execution_report_t,
    ) -> bool;
    pub fn cannery_activity_log_count(activity: *const cannery_activity_t) -> usize;
    pub fn cannery_activity_log(
        activity: *const cannery_activity_t,
        index: usize,
        out: *mut cannery_log_record_t,
    ) -> bool;

    pub fn cannery_outcome_delete(outcome: *mut cannery_outcome_t);
    pub fn cannery_outcome_status(outcome: *const cannery_outcome_t) -> c_uint;
    pub fn cannery_outcome_reply(outcome: *const cannery_outcome_t, size: *mut usize) -> *const u8;
    pub fn cannery_outcome_reply_text(outcome: *const cannery_outcome_t) -> *const c_char;
    pub fn cannery_outcome_reject_code(outcome: *const cannery_outcome_t) -> c_uint;
    pub fn cannery_outcome_error_code(outcome: *const cannery_outcome_t) -> u32;
    pub fn cannery_outcome_error_name(outcome: *const cannery_outcome_t) -> *const c_char;
    pub fn cannery_outcome_message(outcome: *const cannery_outcome_t) -> *const c_char;
    pub fn cannery_outcome_ingress(outcome: *const cannery_outcome_t) -> u64;
    pub fn cannery_outcome_activity(outcome: *const cannery_outcome_t) -> *const cannery_activity_t;

    pub fn cannery_runtime_config_new() -> *mut cannery_runtime_config_t;
    pub fn cannery_runtime_config_delete(config: *mut cannery_runtime_config_t);
    pub fn cannery_runtime_config_set_system_subnet(config: *mut cannery_runtime_config_t, is_on: bool);
    pub fn cannery_runtime_config_set_threads(config: *mut cannery_runtime_config_t, threads: usize);
    pub fn cannery_runtime_config_set_seed(config: *mut cannery_runtime_config_t, seed: u64);
    pub fn cannery_runtime_config_set_start_time(config: *mut cannery_runtime_config_t, nanoseconds: u64);
    pub fn cannery_runtime_config_set_round_duration(config: *mut cannery_runtime_config_t, nanoseconds: u64);
    pub fn cannery_runtime_config_set_optimization(config: *mut cannery_runtime_config_t, is_on: bool);
    pub fn cannery_runtime_config_set_number(
        config: *mut cannery_runtime_config_t,
        name: *const c_char,
        number: cannery_cycles_t,
    ) -> Failure;
    pub fn cannery_runtime_config_set_debug_print(
        config: *mut cannery_runtime_config_t,
        print: Option<cannery_debug_print_t>,
        env: *mut c_void,
        finalizer: Option<finalizer_t>,
    );

    pub fn cannery_runtime_new(config: *const cannery_runtime_config_t, out: *mut *mut cannery_runtime_t) -> Failure;
    pub fn cannery_runtime_delete(runtime: *mut cannery_runtime_t);

    pub fn cannery_settings_new() -> *mut cannery_settings_t;
    pub fn cannery_settings_delete(settings: *mut cannery_settings_t);
    pub fn cannery_settings_set(settings: *mut cannery_settings_t, setting: c_uint, number: cannery_cycles_t) -> bool;
    pub fn cannery_settings_get(
        settings: *const cannery_settings_t,
        setting: c_uint,
        out: *mut cannery_cycles_t,
    ) -> bool;
    pub fn cannery_settings_set_controllers(
        settings: *mut cannery_settings_t,
        controllers: *const cannery_principal_t,
        count: usize,
    ) -> bool;
    pub fn cannery_settings_controllers(
        settings: *const cannery_settings_t,
        controllers: *mut cannery_principal_t,
        capacity: usize,
    ) -> usize;

    pub fn cannery_runtime_create(
        runtime: *mut cannery_runtime_t,
        settings: *const cannery_settings_t,
        cycles: *const cannery_cycles_t,
        id: *const cannery_principal_t,
        out: *mut cannery_principal_t,
    ) -> Failure;
    pub fn cannery_runtime_update_settings(
        runtime: *mut cannery_runtime_t,
        canister: *const cannery_principal_t,
        settings: *const cannery_settings_t,
    ) -> Failure;
    pub fn cannery_runtime_settings(
        runtime: *mut cannery_runtime_t,
        canister: *const cannery_principal_t,
        out: *mut *mut cannery_settings_t,
    ) -> Failure;
    pub fn cannery_runtime_uninstall(runtime: *mut cannery_runtime_t, canister: *const cannery_principal_t) -> Failure;
    pub fn cannery_runtime_start(runtime: *mut cannery_runtime_t, canister: *const cannery_principal_t) -> Failure;
    pub fn cannery_runtime_stop(
        runtime: *mut cannery_runtime_t,
        canister: *const cannery_principal_t,
        rounds: u64,
        stopped: *mut bool,
    ) -> Failure;
    pub fn cannery_runtime_remove(runtime: *mut cannery_runtime_t, canister: *const cannery_principal_t) -> Failure;
    pub fn cannery_runtime_top_up(
        runtime: *mut cannery_runtime_t,
        canister: *const cannery_principal_t,
        cycles: cannery_cycles_t,
    ) -> Failure;

    pub fn cannery_runtime_install(
        runtime: *mut cannery_runtime_t,
        canister: *const cannery_principal_t,
        install: *const cannery_install_t,
        out: *mut *mut cannery_outcome_t,
    ) -> Failure;
    pub fn cannery_runtime_call(
        runtime: *mut cannery_runtime_t,
        call: *const cannery_call_t,
        out: *mut *mut cannery_outcome_t,
    ) -> Failure;
    pub fn cannery_runtime_query(
        runtime: *mut cannery_runtime_t,
        call: *const cannery_call_t,
        out: *mut *mut cannery_outcome_t,
    ) -> Failure;
    pub fn cannery_runtime_submit(
        runtime: *mut cannery_runtime_t,
        call: *const cannery_call_t,
        ingress: *mut u64,
    ) -> Failure;
    pub fn cannery_runtime_poll(
        runtime: *mut cannery_runtime_t,
        ingress: u64,
        out: *mut *mut cannery_outcome_t,
    ) -> Failure;
    pub fn cannery_runtime_answer(
        runtime: *mut cannery_runtime_t,
        ingress: u64,
        rounds: u64,
        timeout: u64,
        out: *mut *mut cannery_outcome_t,
    ) -> Failure;

    pub fn cannery_runtime_tick(runtime: *mut cannery_runtime_t, rounds: u64) -> Failure;
    pub fn cannery_runtime_rounds(runtime: *mut cannery_runtime_t, out: *mut u64) -> Failure;
    pub fn cannery_runtime_time(runtime: *mut cannery_runtime_t, out: *mut u64) -> Failure;
    pub fn cannery_runtime_set_time(runtime: *mut cannery_runtime_t, nanoseconds: u64) -> Failure;
    pub fn cannery_runtime_advance_time(runtime: *mut cannery_runtime_t, nanoseconds: u64, rounds: u64) -> Failure;
    pub fn cannery_runtime_take_activity(runtime: *mut cannery_runtime_t, out: *mut *mut cannery_activity_t)
        -> Failure;

    pub fn cannery_runtime_canisters(
        runtime: *mut cannery_runtime_t,
        ids: *mut cannery_principal_t,
        capacity: usize,
        count: *mut usize,
    ) -> Failure;
    pub fn cannery_runtime_status(
        runtime: *mut cannery_runtime_t,
        canister: *const cannery_principal_t,
        out: *mut cannery_canister_status_t,
    ) -> Failure;
    pub fn cannery_runtime_read_heap(
        runtime: *mut cannery_runtime_t,
        canister: *const cannery_principal_t,
        offset: u64,
        bytes: *mut c_void,
        count: usize,
    ) -> Failure;
    pub fn cannery_runtime_read_stable(
        runtime: *mut cannery_runtime_t,
        canister: *const cannery_principal_t,
        offset: u64,
        bytes: *mut c_void,
        count: usize,
    ) -> Failure;
    pub fn cannery_runtime_certified_data(
        runtime: *mut cannery_runtime_t,
        canister: *const cannery_principal_t,
        out: *mut wasm_byte_vec_t,
    ) -> Failure;
    pub fn cannery_runtime_logs(
        runtime: *mut cannery_runtime_t,
        canister: *const cannery_principal_t,
        out: *mut *mut cannery_activity_t,
    ) -> Failure;
    pub fn cannery_runtime_interface(
        runtime: *mut cannery_runtime_t,
        canister: *const cannery_principal_t,
        out: *mut *mut cannery_candid_t,
    ) -> Failure;

    pub fn cannery_runtime_state_hash(runtime: *mut cannery_runtime_t, out: *mut u8) -> Failure;
    pub fn cannery_runtime_save(runtime: *mut cannery_runtime_t, out: *mut wasm_byte_vec_t) -> Failure;
    pub fn cannery_runtime_load(
        config: *const cannery_runtime_config_t,
        state: *const c_void,
        size: usize,
        out: *mut *mut cannery_runtime_t,
    ) -> Failure;
}
