//! Data that no compressor makes smaller, and that is the same in every build.

/// `size` bytes of splitmix64, from a seed.
pub fn padding(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend((mixed ^ (mixed >> 31)).to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    #[test]
    fn it_does_not_compress_and_never_changes() {
        let data = padding(1, 100_000);
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&data).unwrap();
        assert!(packed.finish().unwrap().len() >= data.len());
        assert_eq!(data, padding(1, 100_000));
        assert_ne!(data, padding(2, 100_000));
    }
}
