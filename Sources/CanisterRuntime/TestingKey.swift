// The root key of runtimes that aren't given one.

extension RuntimeConfiguration {
  /// A key of the kind that networks have, DER-encoded: canisters read it, and some refuse one that is none. Its secret part is
  /// the number 1 (it is the generator of the group), so whoever wants to can sign for it: it proves nothing.
  ///
  /// Source: RFC 5480 for the frame; draft-irtf-cfrg-pairing-friendly-curves, section 4.2.1, for the generator of G2, compressed.
  public static let testingKey: [UInt8] = {
    // Object identifiers 1.3.6.1.4.1.44668.5.3.1.2.1 and 1.3.6.1.4.1.44668.5.3.2.1, which name the algorithm and the curve.
    let frame: [UInt8] = [
      0x30, 0x81, 0x82, 0x30, 0x1D, 0x06, 0x0D, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0xDC, 0x7C, 0x05, 0x03, 0x01, 0x02,
      0x01,
      0x06, 0x0C, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0xDC, 0x7C, 0x05, 0x03, 0x02, 0x01, 0x03, 0x61, 0x00,
    ]
    /// The two parts of the first coordinate, the greater power first, in groups of eight bytes. The highest bit says that the
    /// second coordinate is left out.
    let generator: [UInt64] = [
      0x93E0_2B60_5271_9F60, 0x7DAC_D3A0_8827_4F65, 0x596B_D0D0_9920_B61A, 0xB5DA_61BB_DC7F_5049, 0x334C_F112_1394_5D57,
      0xE5AC_7D05_5D04_2B7E, 0x024A_A2B2_F08F_0A91, 0x2608_0527_2DC5_1051, 0xC6E4_7AD4_FA40_3B02, 0xB451_0B64_7AE3_D177,
      0x0BAC_0326_A805_BBEF, 0xD480_56C8_C121_BDB8,
    ]
    return frame + generator.flatMap { withUnsafeBytes(of: $0.bigEndian, Array.init) }
  }()
}
