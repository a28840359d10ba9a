;; Vectors: 128-bit immediates, lanes, and accesses by lane.
(module
  (memory 1)
  (func $lanes (param i32 v128) (result v128 i32)
    (i8x16.shuffle 0 1 2 3 4 5 6 7 24 25 26 27 28 29 30 31 (local.get 1) (v128.const i32x4 1 2 3 4))
    (i8x16.extract_lane_s 15 (i32x4.replace_lane 2 (v128.const i32x4 1 2 3 4) (local.get 0))))
  (func $memory (param i32 v128)
    (v128.store offset=16 (local.get 0) (v128.load16_lane offset=2 7 (local.get 0) (local.get 1)))
    (v128.store64_lane 1 (local.get 0) (local.get 1)))
  (func $ternary (param v128 v128) (result v128 f32)
    (v128.bitselect (local.get 0) (local.get 1) (v128.const i64x2 -1 0))
    (select (f32.const nan) (f32.const -0.5) (v128.any_true (local.get 0)))))
