"""Finds the library `libcannery-canister`, and tells ctypes what its functions take and give.

It has all of `libcannery`, too. If `CANNERY_LIBRARY` names it, it serves the whole package; else it is loaded beside the other
(`CANNERY_CANISTER_LIBRARY`), and the two share nothing.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_bool, c_char_p, c_int, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p
from pathlib import Path
from typing import Any

from ._library import ByteVector, Library, load
from ._library import lib as _plain


class PrincipalStruct(Structure):
    _fields_ = [("size", c_uint8), ("bytes", c_uint8 * 29)]


class CyclesStruct(Structure):
    _fields_ = [("low", c_uint64), ("high", c_uint64)]


class ExecutionReportStruct(Structure):
    _fields_ = [
        ("canister", PrincipalStruct),
        ("name", c_char_p),
        ("instructions", c_uint64),
        ("cycles", CyclesStruct),
        ("dirty_pages", c_size_t),
        ("error_code", c_uint32),
    ]


class LogRecordStruct(Structure):
    _fields_ = [
        ("canister", PrincipalStruct),
        ("index", c_uint64),
        ("time", c_uint64),
        ("text", c_void_p),
        ("size", c_size_t),
    ]


class InstallStruct(Structure):
    _fields_ = [
        ("module", c_char_p),
        ("module_size", c_size_t),
        ("mode", c_int),
        ("argument", c_char_p),
        ("argument_size", c_size_t),
        ("argument_text", c_char_p),
        ("caller", POINTER(PrincipalStruct)),
        ("skips_pre_upgrade", c_bool),
        ("keeps_heap", c_bool),
    ]


class CallStruct(Structure):
    _fields_ = [
        ("canister", POINTER(PrincipalStruct)),
        ("method", c_char_p),
        ("argument", c_char_p),
        ("argument_size", c_size_t),
        ("argument_text", c_char_p),
        ("caller", POINTER(PrincipalStruct)),
        ("cycles", CyclesStruct),
        ("rounds", c_uint64),
        ("timeout", c_uint64),
    ]


class StatusStruct(Structure):
    _fields_ = [
        ("state", c_int),
        ("has_module", c_bool),
        ("module_hash", c_uint8 * 32),
        ("version", c_uint64),
        ("balance", CyclesStruct),
        ("reserved_balance", CyclesStruct),
        ("idle_cycles_per_day", CyclesStruct),
        ("memory_size", c_uint64),
        ("heap_size", c_uint64),
        ("stable_size", c_uint64),
        ("snapshots_size", c_uint64),
        ("global_timer", c_uint64),
    ]


class SnapshotStruct(Structure):
    _fields_ = [("id_size", c_uint8), ("id", c_uint8 * 37), ("taken_at", c_uint64), ("size", c_uint64)]


DebugPrintCallback = ctypes.CFUNCTYPE(None, c_void_p, POINTER(PrincipalStruct), c_void_p, c_size_t)
CertifyCallback = ctypes.CFUNCTYPE(c_bool, c_void_p, POINTER(PrincipalStruct), c_void_p, c_size_t, POINTER(ByteVector))

_P, _B, _ID = c_void_p, POINTER(ByteVector), POINTER(PrincipalStruct)
_CYCLES, _SNAPSHOT = POINTER(CyclesStruct), POINTER(SnapshotStruct)

_SHORT: dict[str, tuple[Any, list[Any]]] = {
    "cannery_error_code": (c_uint32, [_P]),
    "wasm_byte_vec_new": (None, [_B, c_size_t, c_char_p]),
    "cannery_principal_parse": (_P, [c_char_p, _ID]),
    "cannery_principal_format": (c_bool, [_ID, c_char_p]),
    "cannery_principal_anonymous": (None, [_ID]),
    "cannery_principal_canister": (None, [c_uint64, _ID]),
    "cannery_candid_new": (_P, [c_char_p, c_size_t, POINTER(_P)]),
    "cannery_candid_of_module": (_P, [c_char_p, c_size_t, POINTER(_P)]),
    "cannery_candid_delete": (None, [_P]),
    "cannery_candid_method_count": (c_size_t, [_P]),
    "cannery_candid_method_name": (c_char_p, [_P, c_size_t]),
    "cannery_candid_method_is_query": (c_bool, [_P, c_size_t]),
    "cannery_candid_encode": (_P, [_P, c_char_p, c_int, c_char_p, _B]),
    "cannery_candid_decode": (_P, [_P, c_char_p, c_int, c_char_p, c_size_t, _B]),
    "cannery_activity_delete": (None, [_P]),
    "cannery_activity_execution_count": (c_size_t, [_P]),
    "cannery_activity_execution": (c_bool, [_P, c_size_t, POINTER(ExecutionReportStruct)]),
    "cannery_activity_log_count": (c_size_t, [_P]),
    "cannery_activity_log": (c_bool, [_P, c_size_t, POINTER(LogRecordStruct)]),
    "cannery_activity_instructions": (c_uint64, [_P]),
    "cannery_activity_cycles": (CyclesStruct, [_P]),
    "cannery_outcome_delete": (None, [_P]),
    "cannery_outcome_status": (c_int, [_P]),
    "cannery_outcome_reply": (_P, [_P, POINTER(c_size_t)]),
    "cannery_outcome_reply_text": (c_char_p, [_P]),
    "cannery_outcome_reject_code": (c_int, [_P]),
    "cannery_outcome_reject_name": (c_char_p, [_P]),
    "cannery_outcome_error_code": (c_uint32, [_P]),
    "cannery_outcome_error_name": (c_char_p, [_P]),
    "cannery_outcome_message": (c_char_p, [_P]),
    "cannery_outcome_ingress": (c_uint64, [_P]),
    "cannery_outcome_activity": (_P, [_P]),
    "cannery_runtime_config_new": (_P, []),
    "cannery_runtime_config_delete": (None, [_P]),
    "cannery_runtime_config_set_system_subnet": (None, [_P, c_bool]),
    "cannery_runtime_config_set_threads": (None, [_P, c_size_t]),
    "cannery_runtime_config_set_seed": (None, [_P, c_uint64]),
    "cannery_runtime_config_set_start_time": (None, [_P, c_uint64]),
    "cannery_runtime_config_set_round_duration": (None, [_P, c_uint64]),
    "cannery_runtime_config_set_first_canister": (None, [_P, c_uint64]),
    "cannery_runtime_config_set_optimization": (None, [_P, c_bool]),
    "cannery_runtime_config_set_subnet": (_P, [_P, _ID]),
    "cannery_runtime_config_set_root_key": (_P, [_P, c_char_p, c_size_t]),
    "cannery_runtime_config_set_subnet_admins": (_P, [_P, _ID, c_size_t]),
    "cannery_runtime_config_set_number": (_P, [_P, c_char_p, CyclesStruct]),
    "cannery_runtime_config_get_number": (_P, [_P, c_char_p, _CYCLES]),
    "cannery_runtime_config_number_name": (c_char_p, [c_size_t]),
    "cannery_runtime_config_set_debug_print": (None, [_P, DebugPrintCallback, _P, _P]),
    "cannery_runtime_config_set_certify": (None, [_P, CertifyCallback, _P, _P]),
    "cannery_settings_new": (_P, []),
    "cannery_settings_delete": (None, [_P]),
    "cannery_settings_set": (c_bool, [_P, c_int, CyclesStruct]),
    "cannery_settings_get": (c_bool, [_P, c_int, _CYCLES]),
    "cannery_settings_set_controllers": (c_bool, [_P, _ID, c_size_t]),
    "cannery_settings_controllers": (c_size_t, [_P, _ID, c_size_t]),
    "cannery_settings_set_visibility": (c_bool, [_P, c_int, c_int, _ID, c_size_t]),
    "cannery_settings_visibility": (c_size_t, [_P, c_int, POINTER(c_int), _ID, c_size_t]),
    "cannery_settings_set_environment": (c_bool, [_P, POINTER(c_char_p), POINTER(c_char_p), c_size_t]),
    "cannery_settings_environment_count": (c_size_t, [_P]),
    "cannery_settings_environment": (c_bool, [_P, c_size_t, POINTER(c_char_p), POINTER(c_char_p)]),
}

# Hooks may run in all of these.
_LONG: dict[str, tuple[Any, list[Any]]] = {
    "cannery_runtime_new": (_P, [_P, POINTER(_P)]),
    "cannery_runtime_delete": (None, [_P]),
    "cannery_runtime_create": (_P, [_P, _P, _CYCLES, _ID, _ID]),
    "cannery_runtime_update_settings": (_P, [_P, _ID, _P]),
    "cannery_runtime_settings": (_P, [_P, _ID, POINTER(_P)]),
    "cannery_runtime_uninstall": (_P, [_P, _ID]),
    "cannery_runtime_start": (_P, [_P, _ID]),
    "cannery_runtime_stop": (_P, [_P, _ID, c_uint64, POINTER(c_bool)]),
    "cannery_runtime_remove": (_P, [_P, _ID]),
    "cannery_runtime_top_up": (_P, [_P, _ID, CyclesStruct]),
    "cannery_runtime_take_snapshot": (_P, [_P, _ID, _SNAPSHOT, c_bool, _SNAPSHOT]),
    "cannery_runtime_load_snapshot": (_P, [_P, _ID, _SNAPSHOT]),
    "cannery_runtime_delete_snapshot": (_P, [_P, _ID, _SNAPSHOT]),
    "cannery_runtime_snapshots": (_P, [_P, _ID, _SNAPSHOT, c_size_t, POINTER(c_size_t)]),
    "cannery_runtime_install": (_P, [_P, _ID, POINTER(InstallStruct), POINTER(_P)]),
    "cannery_runtime_call": (_P, [_P, POINTER(CallStruct), POINTER(_P)]),
    "cannery_runtime_query": (_P, [_P, POINTER(CallStruct), POINTER(_P)]),
    "cannery_runtime_submit": (_P, [_P, POINTER(CallStruct), POINTER(c_uint64)]),
    "cannery_runtime_poll": (_P, [_P, c_uint64, POINTER(_P)]),
    "cannery_runtime_answer": (_P, [_P, c_uint64, c_uint64, c_uint64, POINTER(_P)]),
    "cannery_runtime_forget": (_P, [_P, c_uint64]),
    "cannery_runtime_tick": (_P, [_P, c_uint64]),
    "cannery_runtime_rounds": (_P, [_P, POINTER(c_uint64)]),
    "cannery_runtime_time": (_P, [_P, POINTER(c_uint64)]),
    "cannery_runtime_set_time": (_P, [_P, c_uint64]),
    "cannery_runtime_advance_time": (_P, [_P, c_uint64, c_uint64]),
    "cannery_runtime_next_deadline": (_P, [_P, POINTER(c_uint64)]),
    "cannery_runtime_add_randomness": (_P, [_P, c_char_p, c_size_t]),
    "cannery_runtime_take_activity": (_P, [_P, POINTER(_P)]),
    "cannery_runtime_canisters": (_P, [_P, _ID, c_size_t, POINTER(c_size_t)]),
    "cannery_runtime_status": (_P, [_P, _ID, POINTER(StatusStruct)]),
    "cannery_runtime_read_heap": (_P, [_P, _ID, c_uint64, _P, c_size_t]),
    "cannery_runtime_read_stable": (_P, [_P, _ID, c_uint64, _P, c_size_t]),
    "cannery_runtime_certified_data": (_P, [_P, _ID, _B]),
    "cannery_runtime_logs": (_P, [_P, _ID, POINTER(_P)]),
    "cannery_runtime_module": (_P, [_P, _ID, _B]),
    "cannery_runtime_metadata": (_P, [_P, _ID, c_char_p, _B]),
    "cannery_runtime_interface": (_P, [_P, _ID, POINTER(_P)]),
    "cannery_runtime_state_hash": (_P, [_P, _P]),
    "cannery_runtime_save": (_P, [_P, _B]),
    "cannery_runtime_load": (_P, [_P, c_char_p, c_size_t, POINTER(_P)]),
    "cannery_runtime_record": (_P, [_P, c_size_t, c_uint64]),
    "cannery_runtime_recorded": (_P, [_P, _B]),
    "cannery_runtime_stop_recording": (_P, [_P]),
    "cannery_runtime_checkpoint": (_P, [_P, _B]),
    "cannery_runtime_replay": (_P, [_P, c_char_p, c_size_t, c_char_p, c_size_t, POINTER(_P)]),
}


def _load() -> Library:
    library = _plain
    if not library.has("cannery_runtime_new"):
        beside = Path(library.path).resolve().parent if "/" in library.path else None
        library = load("cannery-canister", "CANNERY_CANISTER_LIBRARY", [beside] if beside else [])
    library.declare(_SHORT, _LONG)
    return library


lib = _load()
