"""Canisters in the built-in runtime. They need the library libcannery-canister."""

import gc
import weakref

import pytest

import cannery

try:
    from cannery import canister as canisters
except ImportError as error:
    pytest.skip(f"no libcannery-canister: {error}", allow_module_level=True)

from cannery.canister import (
    CanisterState,
    InstallMode,
    Interface,
    Method,
    OutcomeStatus,
    Principal,
    RejectCode,
    Rejected,
    Runtime,
    RuntimeConfig,
    Settings,
    Side,
    Visibility,
    Visible,
)

COUNTER = r"""(module
  (import "ic0" "msg_reply" (func $reply)) (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "trap" (func $trap (param i32 i32))) (import "ic0" "debug_print" (func $print (param i32 i32)))
  (import "ic0" "global_timer_set" (func $timer (param i64) (result i64))) (import "ic0" "time" (func $time (result i64)))
  (import "ic0" "certified_data_set" (func $certify (param i32 i32)))
  (import "ic0" "data_certificate_size" (func $size (result i32))) (import "ic0" "data_certificate_copy" (func $copy (param i32 i32 i32)))
  (import "ic0" "stable64_grow" (func $grow (param i64) (result i64))) (import "ic0" "stable64_write" (func $write (param i64 i64 i64)))
  (memory (export "memory") 1) (data (i32.const 0) "DIDL\00\01\78") (data (i32.const 32) "not today")
  (global $count (mut i64) (i64.const 0)) (@custom "icp:public candid:service" "service : { increment : () -> (nat64); get : () -> (nat64) query }")
  (func $answer (i64.store (i32.const 7) (global.get $count)) (call $append (i32.const 0) (i32.const 15)) (call $reply))
  (func (export "canister_update increment") (global.set $count (i64.add (global.get $count) (i64.const 1)))
    (call $print (i32.const 32) (i32.const 3)) (call $answer))
  (func (export "canister_update fail") (global.set $count (i64.const 0)) (call $trap (i32.const 32) (i32.const 9)))
  (func (export "canister_update later") (drop (call $timer (i64.add (call $time) (i64.const 60000000000)))) (call $answer))
  (func (export "canister_update certify") (call $certify (i32.const 32) (i32.const 9)) (call $answer))
  (func (export "canister_update stable") (drop (call $grow (i64.const 1))) (call $write (i64.const 5) (i64.const 32) (i64.const 3)) (call $answer))
  (func (export "canister_global_timer") (global.set $count (i64.const 100)))
  (func (export "canister_query certificate") (local $n i32) (local.set $n (call $size)) (call $copy (i32.const 200) (i32.const 0) (local.get $n))
    (call $append (i32.const 200) (local.get $n)) (call $reply))
  (func (export "canister_query get") (call $answer)))"""


@pytest.fixture
def runtime():
    return Runtime()


@pytest.fixture
def counter(runtime):
    name = runtime.create()
    runtime.install(name, COUNTER).check()
    return name


def test_principals():
    assert str(Principal("aaaaa-aa")) == "aaaaa-aa" and bytes(Principal("aaaaa-aa")) == b""
    first = Principal.canister(0)
    assert (
        Principal(str(first)) == first
        and hash(Principal(bytes(first))) == hash(first)
        and repr(first).startswith('Principal("')
    )
    assert bytes(Principal.anonymous()) == b"\x04" and first != Principal.canister(1) and first != "text"
    for bad in ("nonsense", "aaaaa-ab", "ü"):
        with pytest.raises(cannery.MalformedError):
            Principal(bad)
    with pytest.raises(ValueError):
        Principal(b"x" * 30)


def test_calls(runtime, counter):
    assert runtime.canisters == (counter,)
    outcome = runtime.call(counter, "increment")
    assert outcome.is_reply and outcome.reply_text == "(1 : nat64)" and outcome.status is OutcomeStatus.REPLIED
    assert outcome.reply == b"DIDL\0\1\x78" + (1).to_bytes(8, "little") and canisters.decode(outcome.reply) == "(1 : nat64)"
    assert outcome.ingress > 0 and outcome.error_code == 0 and outcome.message is None and outcome.reject_code is None
    activity = outcome.activity
    assert activity.instructions > 0 and activity.cycles > 0 and [e.name for e in activity.executions] == ["increment"]
    assert activity.executions[0].canister == counter and activity.executions[0].dirty_pages == 1
    assert [(record.text, record.canister) for record in activity.logs] == [(b"not", counter)]
    assert [record.text for record in runtime.logs(counter)] == [b"not"]
    failed = runtime.call(str(counter), "fail")
    assert failed.status is OutcomeStatus.REJECTED and failed.error_name == "IC0503" and failed.error_code == 503
    assert (
        failed.reject_code is RejectCode.CANISTER_ERROR
        and failed.reject_name == "CANISTER_ERROR"
        and "not today" in failed.message
    )
    for attempt in (failed.check, lambda: failed.reply, lambda: failed.reply_text):
        with pytest.raises(Rejected, match="IC0503 .*not today") as caught:
            attempt()
        assert caught.value.outcome is failed
    assert runtime.query(counter, "get").reply_text == "(1 : nat64)"
    with pytest.raises(cannery.EngineError):
        runtime.call(counter, "increment", "not candid")
    assert runtime.call(counter, "increment", "()", caller=Principal.canister(7)).check().reply_text == "(2 : nat64)"
    assert runtime.call(counter, "increment", b"DIDL\0\0").reply_text == "(3 : nat64)"
    with pytest.raises(ValueError):
        runtime.call(counter, "increment", cycles=-1)


def test_submitting(runtime, counter):
    ingress = runtime.submit(counter, "increment")
    assert runtime.poll(ingress).status is OutcomeStatus.UNANSWERED
    with pytest.raises(Rejected, match="no answer yet"):
        runtime.poll(ingress).check()
    assert runtime.answer(ingress).reply_text == "(1 : nat64)"
    with pytest.raises(cannery.ArgumentError):
        runtime.poll(ingress)
    second = runtime.submit(counter, "increment")
    runtime.tick(3)
    assert runtime.poll(second).is_reply
    runtime.forget(second)
    with pytest.raises(cannery.RefusedError):
        runtime.submit(Principal.canister(9), "increment")


def test_what_is_refused(runtime):
    with pytest.raises(cannery.RefusedError) as caught:
        runtime.status(Principal.canister(9))
    assert caught.value.code == 301
    outcome = runtime.install(runtime.create(), "(module (func (result i32)))")
    assert not outcome.is_reply and outcome.error_code


def test_time(runtime, counter):
    start, rounds = runtime.time, runtime.rounds
    runtime.tick()
    assert runtime.rounds == rounds + 1 and runtime.time > start and runtime.next_deadline is None
    runtime.call(counter, "later").check()
    assert runtime.next_deadline is not None and runtime.status(counter).global_timer == runtime.next_deadline
    runtime.advance_time(30_000_000_000)
    assert runtime.query(counter, "get").reply_text == "(0 : nat64)"
    runtime.take_activity()
    runtime.advance_time(31_000_000_000)
    assert runtime.query(counter, "get").reply_text == "(100 : nat64)" and runtime.next_deadline is None
    assert [e.name for e in runtime.take_activity().executions] == ["canister_global_timer"]
    runtime.time = start + 10**12
    assert runtime.time == start + 10**12
    runtime.add_randomness(b"dice")


def test_state(runtime, counter):
    status = runtime.status(counter)
    assert (
        status.state is CanisterState.RUNNING
        and len(status.module_hash) == 32
        and status.balance > 0
        and status.heap_size == 65536
    )
    assert runtime.read_heap(counter, 32, 9) == b"not today" and runtime.read_heap(counter, 5, 0) == b""
    with pytest.raises(cannery.ArgumentError):
        runtime.read_heap(counter, 65536, 1)
    with pytest.raises(cannery.ArgumentError):
        runtime.read_heap(counter, 0, 2**60)
    with pytest.raises(ValueError):
        runtime.read_heap(counter, -1, 1)
    runtime.call(counter, "stable").check()
    assert runtime.read_stable(counter, 5, 3) == b"not" and runtime.status(counter).stable_size == 65536
    runtime.call(counter, "certify").check()
    assert runtime.certified_data(counter) == b"not today"
    assert runtime.module(counter) and runtime.metadata(counter, "candid:service").startswith(b"service")
    assert runtime.interface(counter).methods == (Method("get", True), Method("increment", False))
    with pytest.raises(cannery.ArgumentError):
        runtime.metadata(counter, "no")
    runtime.top_up(counter, 2**70)
    assert runtime.status(counter).balance > 2**70
    assert runtime.stop(counter) and runtime.status(counter).state is CanisterState.STOPPED
    runtime.start(counter)
    runtime.uninstall(counter)
    assert runtime.status(counter).module_hash is None
    runtime.stop(counter)
    runtime.remove(counter)
    assert runtime.canisters == ()


def test_upgrades_and_snapshots(runtime, counter):
    runtime.call(counter, "increment").check()
    first = runtime.take_snapshot(counter)
    runtime.install(counter, cannery.wat2wasm(COUNTER), mode=InstallMode.UPGRADE).check()
    assert runtime.query(counter, "get").reply_text == "(0 : nat64)"
    second = runtime.take_snapshot(counter)
    assert (
        [s.id for s in runtime.snapshots(counter)] == [first.id, second.id]
        and first.size > 65536
        and second.taken_at >= first.taken_at
    )
    runtime.load_snapshot(counter, first)
    assert runtime.query(counter, "get").reply_text == "(1 : nat64)"
    runtime.delete_snapshot(counter, second)
    third = runtime.take_snapshot(counter, replaces=first)
    assert [s.id for s in runtime.snapshots(counter)] == [third.id]
    assert not runtime.install(counter, COUNTER).is_reply
    runtime.install(counter, COUNTER, mode=InstallMode.REINSTALL).check()


def test_settings(runtime):
    owner, viewer = Principal.canister(100), Principal.canister(101)
    given = Settings(
        controllers=[owner],
        compute_allocation=3,
        freezing_threshold=1000,
        reserved_cycles_limit=2**80,
        visibility={Visible.LOG: (Visibility.VIEWERS, [viewer]), Visible.STATUS: (Visibility.PUBLIC, ())},
        environment={"NAME": "välue", "OTHER": ""},
    )
    canister = runtime.create(given, cycles=10**15, id=Principal.canister(5))
    assert canister == Principal.canister(5)
    found = runtime.settings(canister)
    assert found.controllers == (owner,) and found.compute_allocation == 3 and found.freezing_threshold == 1000
    assert found.reserved_cycles_limit == 2**80 and found.environment == {"NAME": "välue", "OTHER": ""}
    assert (
        found.visibility[Visible.LOG] == (Visibility.VIEWERS, (viewer,))
        and found.visibility[Visible.STATUS][0] is Visibility.PUBLIC
    )
    runtime.update_settings(canister, Settings(compute_allocation=4))
    assert runtime.settings(canister).compute_allocation == 4 and runtime.settings(canister).freezing_threshold == 1000
    with pytest.raises(ValueError):
        runtime.update_settings(canister, Settings(compute_allocation=-1))


def test_configuration():
    config = RuntimeConfig(
        threads=2, seed=7, start_time=10**18, round_duration=5, first_canister=9, optimization=False,
        subnet=Principal.canister(50), admins=[Principal.canister(51)], numbers={"nodes": 40},
    )  # fmt: skip
    assert config.number("nodes") == 40 and "executionFee" in canisters.number_names()
    runtime = Runtime(config)
    assert runtime.time == 10**18 and runtime.create() == Principal.canister(9)
    runtime.tick()
    assert runtime.time == 10**18 + 5
    with pytest.raises(cannery.ArgumentError):
        Runtime(RuntimeConfig(numbers={"no such number": 1}))
    system = Runtime(RuntimeConfig(system_subnet=True))
    name = system.create()
    system.install(name, COUNTER).check()
    assert system.call(name, "increment").activity.cycles == 0


def test_hooks():
    printed, signed = [], []

    def certify(canister, data):
        signed.append((canister, data))
        return b"certificate" if data else None

    runtime = Runtime(RuntimeConfig(debug_print=lambda canister, text: printed.append((canister, text)), certify=certify))
    counter = runtime.create()
    runtime.install(counter, COUNTER).check()
    runtime.call(counter, "increment").check()
    assert printed == [(counter, "not")]
    runtime.call(counter, "certify").check()
    assert runtime.query(counter, "certificate").reply == b"certificate" and signed[-1] == (counter, b"not today")


def test_exceptions_of_hooks():
    error, inner = ValueError("hook"), []

    def debug_print(canister, text):
        try:
            runtime.tick()
        except cannery.BusyError:
            inner.append(canister)
        raise error

    runtime = Runtime(RuntimeConfig(debug_print=debug_print))
    counter = runtime.create()
    runtime.install(counter, COUNTER).check()
    with pytest.raises(ValueError) as caught:
        runtime.call(counter, "increment")
    assert caught.value is error and inner == [counter]
    # The message was executed all the same.
    assert runtime.query(counter, "get").reply_text == "(1 : nat64)"


def test_saving_and_replaying(runtime, counter):
    runtime.record(1 << 24, hash_interval=1)
    start = runtime.save()
    runtime.call(counter, "increment").check()
    other = Runtime.load(start)
    assert other.state_hash != runtime.state_hash
    other.call(counter, "increment").check()
    assert other.state_hash == runtime.state_hash and len(other.state_hash) == 32
    checkpoint = runtime.checkpoint()
    runtime.call(counter, "increment").check()
    log = runtime.recorded()
    runtime.stop_recording()
    assert Runtime.replay(log, start).state_hash == runtime.state_hash == Runtime.replay(log, checkpoint).state_hash
    with pytest.raises(cannery.EngineError):
        Runtime.load(b"nonsense")
    with pytest.raises(cannery.EngineError):
        Runtime.replay(b"nonsense")


def test_candid():
    interface = Interface("service : { f : (record { name : text; age : nat8 }) -> (opt text); g : () -> () query }")
    assert interface.methods == (Method("f", False), Method("g", True))
    message = interface.encode('(record { name = "x"; age = 5 })', "f")
    assert interface.decode(message, "f", Side.ARGUMENTS) == '(record { age = 5 : nat8; name = "x" })'
    assert canisters.decode(canisters.encode('(1, "x")')) == '(1 : int, "x")'
    with pytest.raises(cannery.EngineError):
        Interface("service nonsense {")
    with pytest.raises(cannery.EngineError):
        interface.encode("(5)", "f")
    with pytest.raises(cannery.EngineError):
        canisters.decode(b"nonsense")
    assert Interface.of_module(cannery.wat2wasm(COUNTER)).methods[0] == Method("get", True)
    with pytest.raises(cannery.ArgumentError):
        Interface.of_module(cannery.wat2wasm("(module)"))


def test_lives():
    holder, itself = [], []
    runtime = Runtime(RuntimeConfig(debug_print=lambda canister, text: holder.append(itself[0])))
    itself.append(runtime)
    watch = weakref.ref(runtime)
    counter = runtime.create()
    runtime.install(counter, COUNTER).check()
    outcome = runtime.call(counter, "increment")
    assert len(holder) == 1
    interface = runtime.interface(counter)
    del runtime
    holder.clear()
    itself.clear()
    gc.collect()
    assert watch() is None and outcome.reply_text == "(1 : nat64)" and outcome.activity.instructions and interface.methods
