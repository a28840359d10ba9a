//! Canisters in the runtime.

#![cfg(feature = "canister")]

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Mutex};

use cannery::canister::{
    candid_decode, candid_encode, Answer, Argument, Call, Candid, CanisterState, Install, InstallMode, Principal,
    RejectCode, Runtime, RuntimeConfig, Settings, Side,
};
use cannery::ErrorKind;

const COUNTER: &str = r#"(module
  (import "ic0" "msg_reply" (func $reply))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "trap" (func $trap (param i32 i32)))
  (import "ic0" "debug_print" (func $print (param i32 i32)))
  (memory 1)
  (data (i32.const 0) "DIDL\00\01\78")
  (data (i32.const 32) "not today")
  (global $count (mut i64) (i64.const 0))
  (func $answer
    (i64.store (i32.const 7) (global.get $count))
    (call $append (i32.const 0) (i32.const 15))
    (call $reply))
  (func (export "canister_update increment")
    (call $print (i32.const 32) (i32.const 3))
    (global.set $count (i64.add (global.get $count) (i64.const 1)))
    (call $answer))
  (func (export "canister_update fail")
    (global.set $count (i64.const 0))
    (call $trap (i32.const 32) (i32.const 9)))
  (func (export "canister_query get") (call $answer)))"#;

fn installed(config: &RuntimeConfig) -> (Runtime, Principal) {
    let mut runtime = Runtime::new(config).unwrap();
    let canister = runtime.create().unwrap();
    runtime.install(canister, Install::new(COUNTER.as_bytes())).unwrap().reply().unwrap();
    (runtime, canister)
}

#[test]
fn canisters_answer() {
    let (mut runtime, canister) = installed(&RuntimeConfig::new());
    for expected in ["(1 : nat64)", "(2 : nat64)"] {
        let outcome = runtime.call(canister, "increment", Argument::None).unwrap();
        assert!(outcome.ingress.is_some() && outcome.activity.instructions() > 0);
        assert_eq!(outcome.activity.executions[0].canister, canister);
        assert_eq!(outcome.reply().unwrap().text.as_deref(), Some(expected));
    }
    let reject = runtime.call(canister, "fail", Argument::None).unwrap().reply().unwrap_err();
    assert_eq!((reject.code, reject.error_code, &*reject.error_name), (RejectCode::CanisterError, 503, "IC0503"));
    assert!(reject.to_string().starts_with("IC0503 ") && reject.message.contains("not today"));
    let reply = runtime.query(canister, "get", Argument::None).unwrap().reply().unwrap();
    assert_eq!(reply.bytes, candid_encode("(2 : nat64)").unwrap());
    assert_eq!(candid_decode(&reply.bytes).unwrap(), "(2 : nat64)");
    let missing = runtime.query(canister, "missing", Argument::None).unwrap();
    assert!(matches!(missing.answer, Answer::Rejected(_)));
    let nobody = runtime.call(Principal::canister(99), "get", Argument::None);
    match nobody {
        Ok(outcome) => assert_eq!(outcome.reply().unwrap_err().code, RejectCode::DestinationInvalid),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Refused),
    }
}

#[test]
fn messages_wait_for_rounds() {
    let (mut runtime, canister) = installed(&RuntimeConfig::new());
    let rounds = runtime.rounds().unwrap();
    let ingress = runtime.submit(&Call::new(canister, "increment", Argument::bytes(&b"DIDL\0\0"[..]))).unwrap();
    assert_eq!(runtime.poll(ingress).unwrap().answer, Answer::Unanswered);
    runtime.tick(1).unwrap();
    assert_eq!(runtime.rounds().unwrap(), rounds + 1);
    let outcome = runtime.answer(ingress, 0, 0).unwrap();
    assert_eq!(outcome.reply().unwrap().text.as_deref(), Some("(1 : nat64)"));
    assert_eq!(runtime.poll(ingress).unwrap_err().kind(), ErrorKind::Argument);
}

#[test]
fn canisters_are_looked_at_and_managed() {
    let (mut runtime, canister) = installed(&RuntimeConfig::new());
    assert_eq!(runtime.canisters().unwrap(), [canister]);
    let status = runtime.status(canister).unwrap();
    assert_eq!(status.state, CanisterState::Running);
    assert!(status.module_hash.is_some() && status.balance > 0 && status.heap_size == 65536);
    runtime.top_up(canister, 1 << 70).unwrap();
    assert_eq!(runtime.status(canister).unwrap().balance, status.balance + (1 << 70));
    let mut bytes = [0; 9];
    runtime.read_heap(canister, 32, &mut bytes).unwrap();
    assert_eq!(&bytes, b"not today");
    assert_eq!(runtime.read_heap(canister, 1 << 40, &mut bytes).unwrap_err().kind(), ErrorKind::Argument);
    assert_eq!(runtime.read_stable(canister, 0, &mut bytes).unwrap_err().kind(), ErrorKind::Argument);

    let alice = Principal::from_bytes(b"alice").unwrap();
    let settings = Settings { controllers: Some(vec![alice]), freezing_threshold: Some(99), ..Settings::default() };
    runtime.update_settings(canister, &settings).unwrap();
    let all = runtime.settings(canister).unwrap();
    assert_eq!((all.controllers, all.freezing_threshold), (Some(vec![alice]), Some(99)));
    let too_much = Settings { freezing_threshold: Some(u128::MAX), ..Settings::default() };
    assert_eq!(runtime.update_settings(canister, &too_much).unwrap_err().kind(), ErrorKind::Argument);

    assert!(runtime.stop(canister, 10).unwrap());
    assert_eq!(runtime.status(canister).unwrap().state, CanisterState::Stopped);
    runtime.start(canister).unwrap();
    runtime.uninstall(canister).unwrap();
    assert_eq!(runtime.status(canister).unwrap().module_hash, None);
    assert!(runtime.stop(canister, 10).unwrap());
    runtime.remove(canister).unwrap();
    assert_eq!(runtime.canisters().unwrap(), []);
    assert_eq!(runtime.status(canister).unwrap_err().kind(), ErrorKind::Refused);
}

#[test]
fn upgrades_keep_what_they_should() {
    let (mut runtime, canister) = installed(&RuntimeConfig::new());
    runtime.call(canister, "increment", Argument::None).unwrap().reply().unwrap();
    // A canister that has code can't be installed again.
    let again = runtime.install(canister, Install::new(COUNTER.as_bytes()));
    assert!(again.map_or(true, |outcome| outcome.reply().is_err()));
    let install = Install { mode: InstallMode::Reinstall, ..Install::new(COUNTER.as_bytes()) };
    runtime.install(canister, install).unwrap().reply().unwrap();
    let reply = runtime.query(canister, "get", Argument::None).unwrap().reply().unwrap();
    assert_eq!(reply.text.as_deref(), Some("(0 : nat64)"));
    assert!(runtime.install(canister, Install::new(&b"no module"[..])).map_or(true, |o| o.reply().is_err()));
}

#[test]
fn states_come_back_and_are_the_same_for_the_same_inputs() {
    let config = RuntimeConfig::new().seed(7).start_time(1_700_000_000_000_000_000);
    let (mut first, canister) = installed(&config);
    let (mut second, _) = installed(&config);
    assert_eq!(first.state_hash().unwrap(), second.state_hash().unwrap());
    first.call(canister, "increment", Argument::None).unwrap();
    assert_ne!(first.state_hash().unwrap(), second.state_hash().unwrap());
    second = Runtime::load(&config, &first.save().unwrap()).unwrap();
    assert_eq!(first.state_hash().unwrap(), second.state_hash().unwrap());
    let mut second = std::thread::spawn(move || {
        second.call(canister, "increment", Argument::None).unwrap();
        second
    })
    .join()
    .unwrap();
    let reply = second.query(canister, "get", Argument::None).unwrap().reply().unwrap();
    assert_eq!(reply.text.as_deref(), Some("(2 : nat64)"));
    assert!(Runtime::load(&config, b"nonsense").is_err());
    let time = first.time().unwrap();
    first.set_time(time + 5).unwrap();
    assert_eq!(first.time().unwrap(), time + 5);
    first.advance_time(1_000_000_000, 10).unwrap();
    assert!(first.time().unwrap() >= time + 1_000_000_005);
    first.take_activity().unwrap();
    assert_eq!(Runtime::new(&RuntimeConfig::new().number("nonsense", 1)).unwrap_err().kind(), ErrorKind::Argument);
}

#[test]
fn hooks_get_what_is_printed() {
    let printed = Arc::new(Mutex::new(Vec::new()));
    let log = printed.clone();
    let (mut runtime, canister) = installed(&RuntimeConfig::new().debug_print(move |canister, text| {
        log.lock().unwrap().push((canister, text.to_vec()));
    }));
    runtime.call(canister, "increment", Argument::None).unwrap();
    assert_eq!(*printed.lock().unwrap(), [(canister, b"not".to_vec())]);
    drop(runtime);
    assert_eq!(Arc::strong_count(&printed), 1);

    let (mut runtime, canister) = installed(&RuntimeConfig::new().debug_print(|_, _| panic!("in a hook")));
    let outcome = catch_unwind(AssertUnwindSafe(|| runtime.call(canister, "increment", Argument::None).is_ok()));
    assert_eq!(outcome.unwrap_err().downcast_ref::<&str>(), Some(&"in a hook"));
    let reply = runtime.query(canister, "get", Argument::None).unwrap().reply().unwrap();
    assert_eq!(reply.text.as_deref(), Some("(1 : nat64)"));
}

#[test]
fn principals_and_candid_are_texts() {
    for (text, size) in [("aaaaa-aa", 0), ("2vxsx-fae", 1), ("rwlgt-iiaaa-aaaaa-aaaaa-cai", 10)] {
        let principal: Principal = text.parse().unwrap();
        assert_eq!((principal.to_string(), principal.as_bytes().len()), (text.to_string(), size));
    }
    assert_eq!(Principal::anonymous(), "2vxsx-fae".parse().unwrap());
    assert_eq!(Principal::canister(0), "rwlgt-iiaaa-aaaaa-aaaaa-cai".parse().unwrap());
    assert_eq!("aaaaa-ab".parse::<Principal>().unwrap_err().kind(), ErrorKind::Malformed);
    assert_eq!(Principal::from_bytes(&[0; 30]).unwrap_err().kind(), ErrorKind::Argument);

    let candid = Candid::new("service : { get : (nat8) -> (record { a : text }) query; put : (text) -> () }").unwrap();
    assert_eq!(candid.methods(), [("get".to_string(), true), ("put".to_string(), false)]);
    let message = candid.encode(Some("get"), Side::Arguments, "(5)").unwrap();
    assert_eq!(message, b"DIDL\0\x01\x7b\x05");
    let message = candid.encode(Some("get"), Side::Results, "(record { a = \"x\" })").unwrap();
    assert_eq!(candid.decode(Some("get"), Side::Results, &message).unwrap(), "(record { a = \"x\" })");
    assert!(candid.encode(Some("get"), Side::Arguments, "(\"x\")").is_err());
    assert!(Candid::new("service : {").unwrap_err().offset().is_some());
    assert!(Candid::of_module("(module)").is_err());
}
