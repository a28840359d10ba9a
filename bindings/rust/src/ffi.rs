//! The C interface, `wasm.h` and `cannery.h`, as far as this crate uses it.
//!
//! The headers say what each function does, who owns what, and which thread may call it. The rest of the crate keeps these
//! rules, and needs nobody to call these functions. They are public for pointers that C code exchanges with the crate, such
//! as the caller that a C host function gets.

#![allow(non_camel_case_types, missing_docs)]

use std::marker::{PhantomData, PhantomPinned};
use std::os::raw::{c_char, c_int, c_uint, c_void};

macro_rules! opaque {
    ($($name:ident)*) => {$(
        #[repr(C)]
        pub struct $name {
            _bytes: [u8; 0],
            _pinned: PhantomData<(*mut u8, PhantomPinned)>,
        }
    )*};
}

pub(crate) use opaque;

opaque! {
    wasm_config_t wasm_engine_t wasm_store_t wasm_valtype_t wasm_functype_t wasm_globaltype_t wasm_tabletype_t
    wasm_memorytype_t wasm_externtype_t wasm_importtype_t wasm_exporttype_t wasm_ref_t wasm_frame_t wasm_trap_t
    wasm_foreign_t wasm_module_t wasm_shared_module_t wasm_func_t wasm_global_t wasm_table_t wasm_memory_t wasm_extern_t
    wasm_instance_t cannery_error_t cannery_execution_t cannery_interrupt_t cannery_caller_t cannery_closure_t
}

macro_rules! vectors {
    ($($name:ident of $element:ty;)*) => {$(
        #[repr(C)]
        pub struct $name {
            pub size: usize,
            pub data: *mut $element,
        }
    )*};
}

vectors! {
    wasm_byte_vec_t of u8;
    wasm_valtype_vec_t of *mut wasm_valtype_t;
    wasm_importtype_vec_t of *mut wasm_importtype_t;
    wasm_exporttype_vec_t of *mut wasm_exporttype_t;
    wasm_val_vec_t of wasm_val_t;
    wasm_frame_vec_t of *mut wasm_frame_t;
    wasm_extern_vec_t of *mut wasm_extern_t;
}

pub type wasm_name_t = wasm_byte_vec_t;
pub type wasm_message_t = wasm_byte_vec_t;
pub type wasm_valkind_t = u8;
pub type wasm_mutability_t = u8;
pub type wasm_externkind_t = u8;

pub const WASM_I32: wasm_valkind_t = 0;
pub const WASM_I64: wasm_valkind_t = 1;
pub const WASM_F32: wasm_valkind_t = 2;
pub const WASM_F64: wasm_valkind_t = 3;
pub const CANNERY_V128: wasm_valkind_t = 4;
pub const WASM_EXTERNREF: wasm_valkind_t = 128;
pub const WASM_FUNCREF: wasm_valkind_t = 129;

pub const WASM_EXTERN_FUNC: wasm_externkind_t = 0;
pub const WASM_EXTERN_GLOBAL: wasm_externkind_t = 1;
pub const WASM_EXTERN_TABLE: wasm_externkind_t = 2;
pub const WASM_EXTERN_MEMORY: wasm_externkind_t = 3;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct wasm_limits_t {
    pub min: u32,
    pub max: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub union wasm_val_of_t {
    pub i32: i32,
    pub i64: i64,
    pub f32: f32,
    pub f64: f64,
    pub r#ref: *mut wasm_ref_t,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct wasm_val_t {
    pub kind: wasm_valkind_t,
    pub of: wasm_val_of_t,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cannery_limits_t {
    pub memory_pages: u64,
    pub table_elements: u64,
    pub instances: u64,
    pub nested_calls: u64,
    pub stack_slots: u64,
}

/* Enumerations of cannery.h are as large as an int; they aren't enumerations here, since C may give other numbers. */
pub type cannery_error_kind_t = c_uint;
pub type cannery_features_t = c_uint;
pub type cannery_metering_t = c_uint;
pub type cannery_log_level_t = c_uint;
pub type cannery_state_t = c_uint;
pub type cannery_trap_kind_t = c_uint;

pub const CANNERY_ABI: u32 = 0;
pub const CANNERY_UNLIMITED: u64 = u64::MAX;

pub type wasm_func_callback_with_env_t = unsafe extern "C" fn(
    env: *mut c_void,
    args: *const wasm_val_vec_t,
    results: *mut wasm_val_vec_t,
) -> *mut wasm_trap_t;
pub type cannery_callback_t =
    unsafe extern "C" fn(env: *mut c_void, caller: *mut cannery_caller_t, slots: *mut u64) -> *mut wasm_trap_t;
pub type cannery_log_callback_t =
    unsafe extern "C" fn(env: *mut c_void, level: cannery_log_level_t, message: *const c_char);
pub type cannery_c_function_t = unsafe extern "C" fn();
pub type finalizer_t = unsafe extern "C" fn(env: *mut c_void);

// wasm.h
extern "C" {
    pub fn wasm_byte_vec_new_uninitialized(out: *mut wasm_byte_vec_t, size: usize);
    pub fn wasm_byte_vec_new(out: *mut wasm_byte_vec_t, size: usize, data: *const u8);
    pub fn wasm_byte_vec_delete(vector: *mut wasm_byte_vec_t);

    pub fn wasm_config_new() -> *mut wasm_config_t;
    pub fn wasm_engine_new_with_config(config: *mut wasm_config_t) -> *mut wasm_engine_t;
    pub fn wasm_engine_delete(engine: *mut wasm_engine_t);
    pub fn wasm_store_delete(store: *mut wasm_store_t);

    pub fn wasm_valtype_new(kind: wasm_valkind_t) -> *mut wasm_valtype_t;
    pub fn wasm_valtype_kind(r#type: *const wasm_valtype_t) -> wasm_valkind_t;
    pub fn wasm_valtype_vec_new(out: *mut wasm_valtype_vec_t, size: usize, data: *const *mut wasm_valtype_t);
    pub fn wasm_functype_new(params: *mut wasm_valtype_vec_t, results: *mut wasm_valtype_vec_t)
        -> *mut wasm_functype_t;
    pub fn wasm_functype_delete(r#type: *mut wasm_functype_t);
    pub fn wasm_functype_params(r#type: *const wasm_functype_t) -> *const wasm_valtype_vec_t;
    pub fn wasm_functype_results(r#type: *const wasm_functype_t) -> *const wasm_valtype_vec_t;
    pub fn wasm_globaltype_new(content: *mut wasm_valtype_t, mutability: wasm_mutability_t) -> *mut wasm_globaltype_t;
    pub fn wasm_globaltype_delete(r#type: *mut wasm_globaltype_t);
    pub fn wasm_globaltype_content(r#type: *const wasm_globaltype_t) -> *const wasm_valtype_t;
    pub fn wasm_globaltype_mutability(r#type: *const wasm_globaltype_t) -> wasm_mutability_t;
    pub fn wasm_tabletype_new(element: *mut wasm_valtype_t, limits: *const wasm_limits_t) -> *mut wasm_tabletype_t;
    pub fn wasm_tabletype_delete(r#type: *mut wasm_tabletype_t);
    pub fn wasm_tabletype_element(r#type: *const wasm_tabletype_t) -> *const wasm_valtype_t;
    pub fn wasm_tabletype_limits(r#type: *const wasm_tabletype_t) -> *const wasm_limits_t;
    pub fn wasm_memorytype_new(limits: *const wasm_limits_t) -> *mut wasm_memorytype_t;
    pub fn wasm_memorytype_delete(r#type: *mut wasm_memorytype_t);
    pub fn wasm_memorytype_limits(r#type: *const wasm_memorytype_t) -> *const wasm_limits_t;
    pub fn wasm_externtype_kind(r#type: *const wasm_externtype_t) -> wasm_externkind_t;
    pub fn wasm_externtype_as_functype_const(r#type: *const wasm_externtype_t) -> *const wasm_functype_t;
    pub fn wasm_externtype_as_globaltype_const(r#type: *const wasm_externtype_t) -> *const wasm_globaltype_t;
    pub fn wasm_externtype_as_tabletype_const(r#type: *const wasm_externtype_t) -> *const wasm_tabletype_t;
    pub fn wasm_externtype_as_memorytype_const(r#type: *const wasm_externtype_t) -> *const wasm_memorytype_t;
    pub fn wasm_importtype_module(r#type: *const wasm_importtype_t) -> *const wasm_name_t;
    pub fn wasm_importtype_name(r#type: *const wasm_importtype_t) -> *const wasm_name_t;
    pub fn wasm_importtype_type(r#type: *const wasm_importtype_t) -> *const wasm_externtype_t;
    pub fn wasm_importtype_vec_delete(vector: *mut wasm_importtype_vec_t);
    pub fn wasm_exporttype_name(r#type: *const wasm_exporttype_t) -> *const wasm_name_t;
    pub fn wasm_exporttype_type(r#type: *const wasm_exporttype_t) -> *const wasm_externtype_t;
    pub fn wasm_exporttype_vec_delete(vector: *mut wasm_exporttype_vec_t);

    pub fn wasm_ref_delete(reference: *mut wasm_ref_t);
    pub fn wasm_ref_copy(reference: *const wasm_ref_t) -> *mut wasm_ref_t;
    pub fn wasm_ref_same(left: *const wasm_ref_t, right: *const wasm_ref_t) -> bool;
    pub fn wasm_ref_as_func(reference: *mut wasm_ref_t) -> *mut wasm_func_t;
    pub fn wasm_ref_as_foreign_const(reference: *const wasm_ref_t) -> *const wasm_foreign_t;
    pub fn wasm_val_vec_delete(vector: *mut wasm_val_vec_t);

    pub fn wasm_frame_func_index(frame: *const wasm_frame_t) -> u32;
    pub fn wasm_frame_func_offset(frame: *const wasm_frame_t) -> usize;
    pub fn wasm_frame_module_offset(frame: *const wasm_frame_t) -> usize;
    pub fn wasm_frame_vec_delete(vector: *mut wasm_frame_vec_t);
    pub fn wasm_trap_new(store: *mut wasm_store_t, message: *const wasm_message_t) -> *mut wasm_trap_t;
    pub fn wasm_trap_delete(trap: *mut wasm_trap_t);
    pub fn wasm_trap_copy(trap: *const wasm_trap_t) -> *mut wasm_trap_t;
    pub fn wasm_trap_same(left: *const wasm_trap_t, right: *const wasm_trap_t) -> bool;
    pub fn wasm_trap_as_ref(trap: *mut wasm_trap_t) -> *mut wasm_ref_t;
    pub fn wasm_trap_message(trap: *const wasm_trap_t, out: *mut wasm_message_t);
    pub fn wasm_trap_trace(trap: *const wasm_trap_t, out: *mut wasm_frame_vec_t);
    pub fn wasm_ref_as_trap_const(reference: *const wasm_ref_t) -> *const wasm_trap_t;

    pub fn wasm_foreign_new(store: *mut wasm_store_t) -> *mut wasm_foreign_t;
    pub fn wasm_foreign_as_ref(foreign: *mut wasm_foreign_t) -> *mut wasm_ref_t;
    pub fn wasm_foreign_get_host_info(foreign: *const wasm_foreign_t) -> *mut c_void;
    pub fn wasm_foreign_set_host_info_with_finalizer(
        foreign: *mut wasm_foreign_t,
        info: *mut c_void,
        finalizer: Option<finalizer_t>,
    );

    pub fn wasm_module_delete(module: *mut wasm_module_t);
    pub fn wasm_module_share(module: *const wasm_module_t) -> *mut wasm_shared_module_t;
    pub fn wasm_shared_module_delete(module: *mut wasm_shared_module_t);
    pub fn wasm_module_obtain(store: *mut wasm_store_t, module: *const wasm_shared_module_t) -> *mut wasm_module_t;
    pub fn wasm_module_imports(module: *const wasm_module_t, out: *mut wasm_importtype_vec_t);
    pub fn wasm_module_exports(module: *const wasm_module_t, out: *mut wasm_exporttype_vec_t);
    pub fn wasm_module_serialize(module: *const wasm_module_t, out: *mut wasm_byte_vec_t);
    pub fn wasm_module_deserialize(store: *mut wasm_store_t, bytes: *const wasm_byte_vec_t) -> *mut wasm_module_t;

    pub fn wasm_func_new_with_env(
        store: *mut wasm_store_t,
        r#type: *const wasm_functype_t,
        callback: Option<wasm_func_callback_with_env_t>,
        env: *mut c_void,
        finalizer: Option<finalizer_t>,
    ) -> *mut wasm_func_t;
    pub fn wasm_func_type(function: *const wasm_func_t) -> *mut wasm_functype_t;
    pub fn wasm_func_call(
        function: *const wasm_func_t,
        args: *const wasm_val_vec_t,
        results: *mut wasm_val_vec_t,
    ) -> *mut wasm_trap_t;
    pub fn wasm_func_as_ref(function: *mut wasm_func_t) -> *mut wasm_ref_t;

    pub fn wasm_global_new(
        store: *mut wasm_store_t,
        r#type: *const wasm_globaltype_t,
        value: *const wasm_val_t,
    ) -> *mut wasm_global_t;
    pub fn wasm_global_as_ref(global: *mut wasm_global_t) -> *mut wasm_ref_t;
    pub fn wasm_global_type(global: *const wasm_global_t) -> *mut wasm_globaltype_t;
    pub fn wasm_global_get(global: *const wasm_global_t, out: *mut wasm_val_t);
    pub fn wasm_global_set(global: *mut wasm_global_t, value: *const wasm_val_t);

    pub fn wasm_table_new(
        store: *mut wasm_store_t,
        r#type: *const wasm_tabletype_t,
        init: *mut wasm_ref_t,
    ) -> *mut wasm_table_t;
    pub fn wasm_table_as_ref(table: *mut wasm_table_t) -> *mut wasm_ref_t;
    pub fn wasm_table_type(table: *const wasm_table_t) -> *mut wasm_tabletype_t;
    pub fn wasm_table_get(table: *const wasm_table_t, index: u32) -> *mut wasm_ref_t;
    pub fn wasm_table_set(table: *mut wasm_table_t, index: u32, value: *mut wasm_ref_t) -> bool;
    pub fn wasm_table_size(table: *const wasm_table_t) -> u32;
    pub fn wasm_table_grow(table: *mut wasm_table_t, delta: u32, init: *mut wasm_ref_t) -> bool;

    pub fn wasm_memory_new(store: *mut wasm_store_t, r#type: *const wasm_memorytype_t) -> *mut wasm_memory_t;
    pub fn wasm_memory_as_ref(memory: *mut wasm_memory_t) -> *mut wasm_ref_t;
    pub fn wasm_memory_type(memory: *const wasm_memory_t) -> *mut wasm_memorytype_t;
    pub fn wasm_memory_data(memory: *mut wasm_memory_t) -> *mut u8;
    pub fn wasm_memory_data_size(memory: *const wasm_memory_t) -> usize;
    pub fn wasm_memory_size(memory: *const wasm_memory_t) -> u32;
    pub fn wasm_memory_grow(memory: *mut wasm_memory_t, delta: u32) -> bool;

    pub fn wasm_extern_kind(external: *const wasm_extern_t) -> wasm_externkind_t;
    pub fn wasm_extern_as_ref(external: *mut wasm_extern_t) -> *mut wasm_ref_t;
    pub fn wasm_ref_as_extern(reference: *mut wasm_ref_t) -> *mut wasm_extern_t;
    pub fn wasm_extern_vec_delete(vector: *mut wasm_extern_vec_t);
    pub fn wasm_instance_as_ref(instance: *mut wasm_instance_t) -> *mut wasm_ref_t;
    pub fn wasm_instance_exports(instance: *const wasm_instance_t, out: *mut wasm_extern_vec_t);
    pub fn wasm_instance_get_host_info(instance: *const wasm_instance_t) -> *mut c_void;
    pub fn wasm_instance_set_host_info_with_finalizer(
        instance: *mut wasm_instance_t,
        info: *mut c_void,
        finalizer: Option<finalizer_t>,
    );
}

// cannery.h, all of it
extern "C" {
    pub fn cannery_abi() -> u32;
    pub fn cannery_version() -> *const c_char;

    pub fn cannery_error_delete(error: *mut cannery_error_t);
    pub fn cannery_error_kind(error: *const cannery_error_t) -> cannery_error_kind_t;
    pub fn cannery_error_message(error: *const cannery_error_t) -> *const c_char;
    pub fn cannery_error_offset(error: *const cannery_error_t) -> usize;
    pub fn cannery_last_error() -> *mut cannery_error_t;

    pub fn cannery_tabletype_is_64(r#type: *const wasm_tabletype_t) -> bool;
    pub fn cannery_tabletype_set_64(r#type: *mut wasm_tabletype_t, is_64: bool);
    pub fn cannery_memorytype_is_64(r#type: *const wasm_memorytype_t) -> bool;
    pub fn cannery_memorytype_set_64(r#type: *mut wasm_memorytype_t, is_64: bool);

    pub fn cannery_config_set_features(config: *mut wasm_config_t, features: cannery_features_t);
    pub fn cannery_config_set_metering(config: *mut wasm_config_t, metering: cannery_metering_t);
    pub fn cannery_config_set_optimization(config: *mut wasm_config_t, is_on: bool);
    pub fn cannery_config_set_threads(config: *mut wasm_config_t, threads: usize);
    pub fn cannery_config_set_inflated_size_limit(config: *mut wasm_config_t, bytes: usize);
    pub fn cannery_config_set_logger(
        config: *mut wasm_config_t,
        callback: Option<cannery_log_callback_t>,
        env: *mut c_void,
        level: cannery_log_level_t,
    );

    pub fn cannery_limits_default(out: *mut cannery_limits_t);
    pub fn cannery_store_new(
        engine: *mut wasm_engine_t,
        limits: *const cannery_limits_t,
        tracks_writes: bool,
        out: *mut *mut wasm_store_t,
    ) -> *mut cannery_error_t;
    pub fn cannery_store_commit(store: *mut wasm_store_t);
    pub fn cannery_store_roll_back(store: *mut wasm_store_t);
    pub fn cannery_memory_dirty_pages(memory: *const wasm_memory_t) -> usize;
    pub fn cannery_memory_read(memory: *const wasm_memory_t, offset: u64, bytes: *mut c_void, count: usize) -> bool;
    pub fn cannery_memory_write(memory: *mut wasm_memory_t, offset: u64, bytes: *const c_void, count: usize) -> bool;

    pub fn cannery_precompile(
        engine: *mut wasm_engine_t,
        module: *const c_void,
        size: usize,
        out: *mut wasm_byte_vec_t,
    ) -> *mut cannery_error_t;
    pub fn cannery_module_new(
        store: *mut wasm_store_t,
        module: *const c_void,
        size: usize,
        out: *mut *mut wasm_module_t,
    ) -> *mut cannery_error_t;
    pub fn cannery_module_validate(
        engine: *mut wasm_engine_t,
        module: *const c_void,
        size: usize,
    ) -> *mut cannery_error_t;
    pub fn cannery_module_save(module: *const wasm_module_t, path: *const c_char) -> *mut cannery_error_t;
    pub fn cannery_module_open(
        store: *mut wasm_store_t,
        path: *const c_char,
        out: *mut *mut wasm_module_t,
    ) -> *mut cannery_error_t;
    pub fn cannery_module_verify(module: *const wasm_module_t) -> *mut cannery_error_t;
    pub fn cannery_wat2wasm(text: *const c_char, size: usize, out: *mut wasm_byte_vec_t) -> *mut cannery_error_t;
    pub fn cannery_module_hash(module: *const wasm_module_t, out: *mut u8);
    pub fn cannery_module_custom_section_count(module: *const wasm_module_t) -> usize;
    pub fn cannery_module_custom_section(
        module: *const wasm_module_t,
        index: usize,
        name: *mut wasm_name_t,
        contents: *mut wasm_byte_vec_t,
    ) -> bool;

    pub fn cannery_instance_new(
        store: *mut wasm_store_t,
        module: *const wasm_module_t,
        imports: *const wasm_extern_vec_t,
        instructions: u64,
        trap: *mut *mut wasm_trap_t,
        out: *mut *mut wasm_instance_t,
    ) -> *mut cannery_error_t;

    pub fn cannery_global_new(
        store: *mut wasm_store_t,
        type_: *const wasm_globaltype_t,
        slots: *const u64,
        slot_count: usize,
    ) -> *mut wasm_global_t;
    pub fn cannery_execution_resume_host_slots(
        execution: *mut cannery_execution_t,
        slots: *const u64,
        slot_count: usize,
        out: *mut cannery_state_t,
    ) -> *mut cannery_error_t;

    pub fn cannery_instance_export(instance: *const wasm_instance_t, name: *const c_char) -> *mut wasm_extern_t;

    pub fn cannery_execution_new(
        function: *const wasm_func_t,
        args: *const wasm_val_vec_t,
        instructions: u64,
        out: *mut *mut cannery_execution_t,
    ) -> *mut cannery_error_t;
    pub fn cannery_execution_new_slots(
        function: *const wasm_func_t,
        slots: *const u64,
        slot_count: usize,
        instructions: u64,
        out: *mut *mut cannery_execution_t,
    ) -> *mut cannery_error_t;
    pub fn cannery_execution_delete(execution: *mut cannery_execution_t);
    pub fn cannery_execution_run(
        execution: *mut cannery_execution_t,
        out: *mut cannery_state_t,
    ) -> *mut cannery_error_t;
    pub fn cannery_execution_resume(
        execution: *mut cannery_execution_t,
        instructions: u64,
        out: *mut cannery_state_t,
    ) -> *mut cannery_error_t;
    pub fn cannery_execution_resume_host(
        execution: *mut cannery_execution_t,
        results: *const wasm_val_vec_t,
        trap: *mut wasm_trap_t,
        out: *mut cannery_state_t,
    ) -> *mut cannery_error_t;
    pub fn cannery_execution_instructions(execution: *const cannery_execution_t) -> u64;
    pub fn cannery_execution_results(execution: *const cannery_execution_t, out: *mut wasm_val_vec_t);
    pub fn cannery_execution_result_slots(
        execution: *const cannery_execution_t,
        slots: *mut u64,
        slot_count: usize,
    ) -> usize;
    pub fn cannery_execution_trap(execution: *const cannery_execution_t) -> *mut wasm_trap_t;

    pub fn cannery_interrupt_new(store: *mut wasm_store_t) -> *mut cannery_interrupt_t;
    pub fn cannery_interrupt(interrupt: *mut cannery_interrupt_t);
    pub fn cannery_interrupt_delete(interrupt: *mut cannery_interrupt_t);

    pub fn cannery_trap_kind(trap: *const wasm_trap_t) -> cannery_trap_kind_t;
    pub fn cannery_trap_kind_name(kind: cannery_trap_kind_t) -> *const c_char;

    pub fn cannery_func_new(
        store: *mut wasm_store_t,
        r#type: *const wasm_functype_t,
        name: *const c_char,
        callback: Option<cannery_callback_t>,
        env: *mut c_void,
        finalizer: Option<finalizer_t>,
    ) -> *mut wasm_func_t;
    pub fn cannery_func_call(function: *const wasm_func_t, slots: *mut u64, slot_count: usize) -> *mut wasm_trap_t;
    pub fn cannery_global_read(global: *const wasm_global_t, slots: *mut u64, slot_count: usize) -> bool;
    pub fn cannery_global_write(global: *mut wasm_global_t, slots: *const u64, slot_count: usize) -> bool;

    pub fn cannery_caller_memory(caller: *mut cannery_caller_t, index: u32, size: *mut usize) -> *mut c_void;
    pub fn cannery_caller_read(
        caller: *mut cannery_caller_t,
        memory: u32,
        offset: u64,
        bytes: *mut c_void,
        count: usize,
    ) -> bool;
    pub fn cannery_caller_write(
        caller: *mut cannery_caller_t,
        memory: u32,
        offset: u64,
        bytes: *const c_void,
        count: usize,
    ) -> bool;
    pub fn cannery_caller_instance(caller: *mut cannery_caller_t) -> *mut wasm_instance_t;
    pub fn cannery_caller_charge(caller: *mut cannery_caller_t, instructions: u64) -> *mut wasm_trap_t;
    pub fn cannery_caller_instructions_left(caller: *const cannery_caller_t) -> u64;
    pub fn cannery_suspend(caller: *mut cannery_caller_t) -> *mut wasm_trap_t;
    pub fn cannery_caller_trap(caller: *mut cannery_caller_t, message: *const c_char);

    pub fn cannery_func_new_c(
        store: *mut wasm_store_t,
        name: *const c_char,
        signature: *const c_char,
        function: Option<cannery_c_function_t>,
        env: *mut c_void,
        finalizer: Option<finalizer_t>,
    ) -> *mut wasm_func_t;
    pub fn cannery_closure_new(
        function: *const wasm_func_t,
        signature: *const c_char,
        out: *mut *mut cannery_closure_t,
    ) -> *mut cannery_error_t;
    pub fn cannery_closure_function(closure: *const cannery_closure_t) -> Option<cannery_c_function_t>;
    pub fn cannery_closure_trap(closure: *mut cannery_closure_t) -> *mut wasm_trap_t;
    pub fn cannery_closure_delete(closure: *mut cannery_closure_t);

    pub fn cannery_set_allocator(
        allocate: Option<unsafe extern "C" fn(usize) -> *mut c_void>,
        release: Option<unsafe extern "C" fn(*mut c_void)>,
    );
    pub fn cannery_set_checks(on: bool);
}

const _: () = assert!(std::mem::size_of::<c_int>() == 4);
