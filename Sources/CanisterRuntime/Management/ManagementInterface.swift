// The management canister's interface, in Candid.
//
// Source: the Internet Computer interface specification 0.66.0, "The IC management canister".

import Candid

package enum ManagementInterface {
  /// The types of all methods.
  package static let methods: [String: CandidMethod] = {
    do {
      let interface = try CandidInterface(parsing: text)
      return Dictionary(uniqueKeysWithValues: interface.methods.map { ($0.name, $0) })
    } catch {
      preconditionFailure("the management canister's interface: \(error)")
    }
  }()

  static let text = """
    type visibility = variant { controllers; public; allowed_viewers : vec principal };
    type settings = record {
      controllers : opt vec principal;
      compute_allocation : opt nat;
      memory_allocation : opt nat;
      freezing_threshold : opt nat;
      reserved_cycles_limit : opt nat;
      minimum_incoming_canister_call_cycles : opt nat;
      wasm_memory_limit : opt nat;
      wasm_memory_threshold : opt nat;
      log_visibility : opt visibility;
      log_memory_limit : opt nat;
      snapshot_visibility : opt visibility;
      status_visibility : opt visibility;
      environment_variables : opt vec variable;
    };
    type definite_settings = record {
      controllers : vec principal;
      compute_allocation : nat;
      memory_allocation : nat;
      freezing_threshold : nat;
      reserved_cycles_limit : nat;
      minimum_incoming_canister_call_cycles : nat;
      wasm_memory_limit : nat;
      wasm_memory_threshold : nat;
      log_visibility : visibility;
      log_memory_limit : nat;
      snapshot_visibility : visibility;
      status_visibility : visibility;
      environment_variables : vec variable;
    };
    type variable = record { name : text; value : text };
    type upgrade_options = record {
      skip_pre_upgrade : opt bool;
      wasm_memory_persistence : opt variant { keep; replace };
    };
    type mode = variant { install; reinstall; upgrade : opt upgrade_options };
    type canister = record { canister_id : principal };
    type chunk_hash = record { hash : blob };
    type change_origin = variant {
      from_user : record { user_id : principal };
      from_canister : record { canister_id : principal; canister_version : opt nat64 };
    };
    type change_details = variant {
      creation : record { controllers : vec principal; environment_variables_hash : opt blob };
      code_uninstall;
      code_deployment : record { mode : variant { install; reinstall; upgrade }; module_hash : blob };
      load_snapshot : record {
        from_canister_id : opt principal;
        snapshot_id : blob;
        canister_version : nat64;
        taken_at_timestamp : nat64;
        source : variant { taken_from_canister : reserved; metadata_upload : reserved };
      };
      controllers_change : record { controllers : vec principal };
      rename_canister : record {
        canister_id : principal;
        total_num_changes : nat64;
        rename_to : record { canister_id : principal; version : nat64; total_num_changes : nat64 };
        requested_by : principal;
      };
    };
    type change = record {
      timestamp_nanos : nat64;
      canister_version : nat64;
      origin : change_origin;
      details : change_details;
    };
    type snapshot = record { id : blob; taken_at_timestamp : nat64; total_size : nat64 };
    type snapshot_of = record { canister_id : principal; snapshot_id : blob };
    type global = variant { i32 : int32; i64 : int64; f32 : float32; f64 : float64; v128 : nat };
    type timer = variant { inactive; active : nat64 };
    type hook_status = variant { condition_not_satisfied; ready; executed };
    type range = record { offset : nat64; size : nat64 };
    type place = record { offset : nat64 };
    service : {
      create_canister : (record { settings : opt settings; sender_canister_version : opt nat64 })
        -> (record { canister_id : principal });
      provisional_create_canister_with_cycles : (record {
        amount : opt nat;
        settings : opt settings;
        specified_id : opt principal;
        sender_canister_version : opt nat64;
      }) -> (record { canister_id : principal });
      provisional_top_up_canister : (record { canister_id : principal; amount : nat }) -> ();
      update_settings : (record {
        canister_id : principal;
        settings : settings;
        sender_canister_version : opt nat64;
      }) -> ();
      upload_chunk : (record { canister_id : principal; chunk : blob }) -> (chunk_hash);
      clear_chunk_store : (canister) -> ();
      stored_chunks : (canister) -> (vec chunk_hash);
      install_code : (record {
        mode : mode;
        canister_id : principal;
        wasm_module : blob;
        arg : blob;
        sender_canister_version : opt nat64;
      }) -> ();
      install_chunked_code : (record {
        mode : mode;
        target_canister : principal;
        store_canister : opt principal;
        chunk_hashes_list : vec chunk_hash;
        wasm_module_hash : blob;
        arg : blob;
        sender_canister_version : opt nat64;
      }) -> ();
      uninstall_code : (record { canister_id : principal; sender_canister_version : opt nat64 }) -> ();
      start_canister : (canister) -> ();
      stop_canister : (canister) -> ();
      delete_canister : (canister) -> ();
      deposit_cycles : (canister) -> ();
      canister_status : (canister) -> (record {
        status : variant { running; stopping; stopped };
        ready_for_migration : bool;
        version : nat64;
        settings : definite_settings;
        module_hash : opt blob;
        memory_size : nat;
        memory_metrics : record {
          wasm_memory_size : nat;
          stable_memory_size : nat;
          global_memory_size : nat;
          wasm_binary_size : nat;
          custom_sections_size : nat;
          canister_history_size : nat;
          wasm_chunk_store_size : nat;
          snapshots_size : nat;
        };
        cycles : nat;
        reserved_cycles : nat;
        idle_cycles_burned_per_day : nat;
        query_stats : record {
          num_calls_total : nat;
          num_instructions_total : nat;
          request_payload_bytes_total : nat;
          response_payload_bytes_total : nat;
        };
      });
      canister_metrics : (canister) -> (record {
        cycles_consumed : record {
          memory : nat;
          compute_allocation : nat;
          ingress_induction : nat;
          instructions : nat;
          request_and_response_transmission : nat;
          uninstall : nat;
          canister_creation : nat;
          http_outcalls : nat;
          burned_cycles : nat;
        };
      });
      canister_info : (record { canister_id : principal; num_requested_changes : opt nat64 }) -> (record {
        total_num_changes : nat64;
        recent_changes : vec change;
        module_hash : opt blob;
        controllers : vec principal;
      });
      canister_metadata : (record { canister_id : principal; name : text }) -> (record { value : blob });
      raw_rand : () -> (blob);
      take_canister_snapshot : (record {
        canister_id : principal;
        replace_snapshot : opt blob;
        uninstall_code : opt bool;
        sender_canister_version : opt nat64;
      }) -> (snapshot);
      load_canister_snapshot : (record {
        canister_id : principal;
        snapshot_id : blob;
        sender_canister_version : opt nat64;
      }) -> ();
      list_canister_snapshots : (record { canister_id : principal }) -> (vec snapshot);
      delete_canister_snapshot : (snapshot_of) -> ();
      read_canister_snapshot_metadata : (snapshot_of) -> (record {
        source : variant { taken_from_canister : reserved; metadata_upload : reserved };
        taken_at_timestamp : nat64;
        wasm_module_size : nat64;
        globals : vec global;
        wasm_memory_size : nat64;
        stable_memory_size : nat64;
        wasm_chunk_store : vec chunk_hash;
        canister_version : nat64;
        certified_data : blob;
        global_timer : opt timer;
        on_low_wasm_memory_hook_status : opt hook_status;
      });
      read_canister_snapshot_data : (record {
        canister_id : principal;
        snapshot_id : blob;
        kind : variant { wasm_module : range; wasm_memory : range; stable_memory : range; wasm_chunk : chunk_hash };
      }) -> (record { chunk : blob });
      upload_canister_snapshot_metadata : (record {
        canister_id : principal;
        replace_snapshot : opt blob;
        wasm_module_size : nat64;
        globals : vec global;
        wasm_memory_size : nat64;
        stable_memory_size : nat64;
        certified_data : blob;
        global_timer : opt timer;
        on_low_wasm_memory_hook_status : opt hook_status;
      }) -> (record { snapshot_id : blob });
      upload_canister_snapshot_data : (record {
        canister_id : principal;
        snapshot_id : blob;
        kind : variant { wasm_module : place; wasm_memory : place; stable_memory : place; wasm_chunk };
        chunk : blob;
      }) -> ();
      node_metrics_history : (record { subnet_id : principal; start_at_timestamp_nanos : nat64 }) -> (vec record {
        timestamp_nanos : nat64;
        node_metrics : vec record {
          node_id : principal;
          num_blocks_proposed_total : nat64;
          num_block_failures_total : nat64;
        };
      });
      subnet_info : (record { subnet_id : principal }) -> (record { replica_version : text; registry_version : nat64 });
      list_canisters : () -> (record { canisters : vec record { start : principal; end : principal } }) query;
      fetch_canister_logs : (record {
        canister_id : principal;
        filter : opt variant {
          by_idx : record { start : nat64; end : nat64 };
          by_timestamp_nanos : record { start : nat64; end : nat64 };
        };
      }) -> (record {
        canister_log_records : vec record { idx : nat64; timestamp_nanos : nat64; content : blob };
      }) query;
    }
    """
}
