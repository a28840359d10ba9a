// Which handlers there are several of, and how many.
//
// A handler ends in an indirect jump, which the processor predicts fast only where it has always gone to the same place
// (AMD's Zen 4: about 5 - 3/N cycles for a jump of N targets, Software Optimization Guide 57647, 2.8.1.4; others differ in
// degree). One handler for each kind of operation serves all places where the kind stands, which go on differently. So the
// commonest kinds have copies, and the linker takes another copy at each place of a function: in a loop with no more places
// of a kind than copies every jump has one target. Two copies give nearly all that eight do. Calls have none: recursive
// functions lost a fifth of their speed with them.
//
// The kinds are those that stand most often in the code of canisters in Rust, Motoko and C, and the plain arithmetic on
// floats, which canisters have little of.

enum HandlerCopies {
  /// Number of handlers by the operation's name; all others have one.
  static let counts: [String: Int] = {
    var counts: [String: Int] = [:]
    for (names, count) in [(four, 4), (two, 2)] {
      for name in names.split(whereSeparator: \.isWhitespace) {
        precondition(counts.updateValue(count, forKey: String(name)) == nil, "copies of \(name) twice")
      }
    }
    return counts
  }()

  private static let four = """
    brI32Eq_ai brI32Eq_si brI32GtU_si brI32LoadEq_sid brI32LoadNe_ss brI32Ne_ai brI32Ne_si charge chargeCheck
    const32_d globalSet_s globalStepI32_kd i32AddTwo i32Add_ai_d i32Add_ai_n i32Add_si_d
    i32Add_si_n i32Add_ss_d i32And_ai_d i32And_si_d i32And_si_n i32Load8U_s_d i32Load8U_s_n i32Load_a_n
    i32Load_absolute_d i32Load_plus_s_d i32Load_plus_s_n i32Load_s_d i32Load_s_n i32Shl_si_d i32Store8_absolute_i
    i32Store8_sa i32Store8_si i32Store_absolute_a i32Store_as i32Store_plus_s_a i32Store_sa i32Store_si i32Store_ss
    i64Add_si_d i64Load_absolute_d i64Load_plus_s_n i64Load_s_d i64Load_s_n i64Store_plus_s_a i64Store_plus_s_i
    i64Store_sa i64Store_si jump jumpConstant jumpMove lowerStack move moveTwo raiseStack return return_s select_a
    store_a
    """

  private static let two = """
    brI32Eq_ai_check brI32Eq_as brI32Eq_ss brI32GtS_ai brI32GtS_si brI32GtU_ai brI32LeU_as brI32LeU_sa brI32LeU_ss
    brI32Load8UEq_ci brI32Load8UEq_si brI32Load8UEq_sid brI32Load8UNe_ai brI32Load8UNe_ci brI32Load8UNe_si
    brI32Load8UNe_ss brI32LoadEq_aid brI32LoadEq_cid brI32LoadEq_si brI32LoadEq_ss brI32LoadGtU_cid
    brI32LoadGtU_ss_check brI32LoadNe_aid_check brI32LoadNe_ci brI32LoadNe_cid brI32LoadNe_si brI32LoadNe_sid
    brI32LtS_ai brI32LtS_si brI32LtU_ai brI32LtU_as brI32LtU_sa brI32LtU_si brI32LtU_ss brI32Ne_ai_check brI32Ne_as
    brI32Ne_si_check brI32Ne_ss brI64Eq_ai brI64Eq_si brI64GtU_si brI64LeU_sa brI64LoadEq_ss brI64LoadNe_si
    brI64LtU_ai brI64LtU_as brI64LtU_sa brI64LtU_si brI64Ne_ai brI64Ne_si const64_d f32Load_a_d f32Load_a_n
    f32Load_absolute_d f32Load_absolute_n f32Load_plus_a_d f32Load_plus_a_n f32Load_plus_s_d f32Load_plus_s_n
    f32Load_s_d f32Load_s_n f32Load_scaled_ss_d f32Load_scaled_ss_n f32Load_sum_as_d f32Load_sum_as_n
    f32Load_sum_ss_d f32Load_sum_ss_n f32Store_as f32Store_plus_s_a f32Store_plus_s_s f32Store_sa f32Store_ss
    f64Add_as_d f64Add_as_n f64Add_ss_d f64Add_ss_n f64Div_as_d f64Div_as_n f64Div_sa_d f64Div_sa_n f64Div_ss_d
    f64Div_ss_n f64Load_a_d f64Load_a_n f64Load_absolute_d f64Load_absolute_n f64Load_plus_a_d f64Load_plus_a_n
    f64Load_plus_s_d f64Load_plus_s_n f64Load_s_d f64Load_s_n f64Load_scaled_ss_d f64Load_scaled_ss_n
    f64Load_sum_as_d f64Load_sum_as_n f64Load_sum_ss_d f64Load_sum_ss_n f64Mul_ai_n f64Mul_as_d f64Mul_as_n
    f64Mul_ss_d f64Mul_ss_n f64Store_as f64Store_plus_s_a f64Store_plus_s_s f64Store_sa f64Store_ss f64Sub_as_d
    f64Sub_as_n f64Sub_sa_d f64Sub_sa_n f64Sub_ss_d f64Sub_ss_n globalGet_d globalGet_n i32AddAdd_vi_as_d
    i32AddAdd_vi_ss_d i32AddAdd_vv_ssa_d i32AddAnd_ii_a_d i32AddAnd_ii_a_n i32AddAnd_ii_s_d i32AddAnd_ii_s_n
    i32AddAnd_iv_ss_d i32AddOr_ii_s_d i32Add_as_d i32Add_as_n i32Add_ss_n i32And_ai_n i32And_as_d i32Eq_ai_d
    i32Eq_ai_n i32Eq_si_d i32Eq_si_n i32Eq_ss_n i32Extend8S_s_d i32LeU_as_d i32Load16S_scaled_ss_n i32Load16U_s_d
    i32Load16U_s_n i32Load8UOr_sa_n i32Load8U_a_d i32Load8U_a_n i32Load8U_absolute_d i32Load8U_absolute_n
    i32Load8U_plus_a_n i32Load8U_plus_s_d i32Load8U_plus_s_n i32Load8U_sum_as_n i32Load8U_sum_ss_d
    i32Load8U_sum_ss_n i32LoadAdd_ss_d i32Load_a_d i32Load_absolute_n i32Load_multiple_a_d i32Load_multiple_s_d
    i32Load_plus_a_d i32Load_plus_a_n i32LtS_as_n i32LtU_ai_n i32LtU_as_n i32LtU_sa_n i32LtU_si_n i32LtU_ss_n
    i32MulAdd_iv_as_d i32MulAdd_iv_as_n i32MulAdd_iv_sa_d i32MulAdd_iv_sa_n i32MulAdd_iv_ss_d i32Mul_ai_d
    i32Mul_ai_n i32Mul_si_d i32Mul_si_n i32Ne_ai_d i32Ne_si_d i32OrOr_vv_ass_n i32Or_ai_n i32Or_as_d i32Or_as_n
    i32Or_si_d i32Or_si_n i32RotlXor_iv_sa_d i32RotlXor_iv_sa_n i32Rotl_si_n i32ShlAdd_ii_s_d i32ShlAdd_iv_as_d
    i32ShlAdd_iv_as_n i32ShlAdd_iv_sa_d i32ShlAdd_iv_sa_n i32ShlAdd_iv_ss_d i32ShlAdd_iv_ss_n i32ShlOr_iv_as_d
    i32ShlOr_iv_ss_d i32Shl_ai_d i32Shl_as_n i32Shl_is_n i32Shl_sa_d i32Shl_si_n i32ShrUAnd_ii_s_n i32ShrU_ai_d
    i32ShrU_ai_n i32ShrU_sa_n i32ShrU_si_d i32ShrU_si_n i32ShrU_ss_n i32Store16_plus_a_i i32Store16_sa i32Store16_si
    i32Store16_ss i32Store8_absolute_a i32Store8_as i32Store8_plus_a_i i32Store8_plus_a_s i32Store8_plus_s_a
    i32Store8_plus_s_i i32Store8_ss i32Store8_sum_as_i i32Store8_sum_as_s i32Store8_sum_ss_a i32Store_absolute_i
    i32Store_absolute_s i32Store_multiple_s_s i32Store_plus_s_i i32Store_plus_s_s i32Store_scaled_ss_s i32Sub_ia_n
    i32Sub_is_d i32Sub_sa_d i32Sub_sa_n i32Sub_ss_d i32Sub_ss_n i32WrapI64_a_d i32WrapI64_s_d i32XorAdd_iv_ss_n
    i32XorAdd_vv_ass_d i32Xor_ai_d i32Xor_si_d i32Xor_si_n i64Add_ai_d i64Add_ai_n i64Add_as_d i64Add_as_n
    i64Add_aw_n i64Add_si_n i64And_aw_d i64And_si_n i64Load32U_s_d i64Load32U_s_n i64Load8U_plus_s_n i64Load8U_s_d
    i64LoadAdd_sa_d i64LoadW_a_n i64LoadW_s_d i64LoadW_s_n i64Load_a_d i64Load_a_n i64Load_absolute_n
    i64Load_plus_a_n i64Load_plus_s_d i64LtU_as_n i64Mul_aw_d i64Mul_aw_n i64Or_as_d i64Or_aw_n i64ShlOr_iv_as_d
    i64ShlXor_iv_as_d i64Shl_ai_d i64Shl_si_d i64Shl_ss_n i64ShrUXor_iv_as_d i64ShrUXor_iv_ss_d i64ShrU_ai_n
    i64ShrU_si_d i64ShrU_si_n i64Store32_sa i64Store8_plus_s_s i64Store8_sum_as_s i64StoreW_si i64Store_absolute_a
    i64Store_absolute_i i64Store_absolute_s i64Store_as i64Store_plus_s_s i64Store_ss i64Sub_ss_d i64XorRotl_vi_as_d
    i64XorRotl_vi_as_n i64XorXor_vv_ass_n i64Xor_as_d i64Xor_as_n jumpCheck jumpCheckMove jumpCheckMoveTwo
    jumpMoveTwo load_n return_a return_i select_a_ii select_a_is select_a_si select_s select_s_ii select_s_si
    stepI32Jump stepI32JumpCheck stepI32LtU_si_as stepI32Ne_si_as stepI32Ne_si_i stepTwoI32GtU_i stepTwoI32Ne_as
    stepTwoI32Ne_i switch_a switch_s testI32NotZero_ai testI32NotZero_si testI32Zero_ai testI32Zero_si
    """
}
