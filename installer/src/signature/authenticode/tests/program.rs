//! A program for Windows that is as small as one can be, and what can be done to a signed one.

use cms::cert::x509::der::{Any, Decode, Encode};
use cms::content_info::ContentInfo;
use cms::signed_data::SignedData;

/// Where the headers are: the hint at 0x3c leads here.
const HEADERS: usize = 0x80;
const LENGTH: usize = 0x400;

/// For 64 bits, as what AWS offers.
pub fn program() -> Vec<u8> {
    of_kind(0x20b, 0x8664, 240)
}

/// For 32 bits, as an installer may be.
pub fn program_for_32_bits() -> Vec<u8> {
    of_kind(0x10b, 0x14c, 224)
}

/// Headers, one section, and something behind that, as installers have their archives.
fn of_kind(magic: u16, machine: u16, optional: u16) -> Vec<u8> {
    let mut bytes = vec![0; LENGTH];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, b"MZ");
    put(0x3c, &u32::try_from(HEADERS).unwrap().to_le_bytes());
    put(HEADERS, b"PE\0\0");
    put(HEADERS + 4, &machine.to_le_bytes());
    put(HEADERS + 6, &1u16.to_le_bytes());
    put(HEADERS + 20, &optional.to_le_bytes());
    let header = HEADERS + 24;
    put(header, &magic.to_le_bytes());
    put(header + 60, &0x200u32.to_le_bytes());
    let directories = header + usize::from(optional) - 16 * 8;
    put(directories - 4, &16u32.to_le_bytes());
    let section = header + usize::from(optional);
    put(section, b".text\0\0\0");
    for (at, value) in [(8, 0x180u32), (12, 0x1000), (16, 0x180), (20, 0x200)] {
        put(section + at, &value.to_le_bytes());
    }
    put(0x200, b"what it does");
    put(0x380, b"what it installs");
    bytes
}

/// Of a signed program, where the entry for its signature is, and the table that this leads to.
pub fn places(signed: &[u8]) -> (usize, usize) {
    let header = HEADERS + 24;
    let count = if signed[header..header + 2] == 0x20bu16.to_le_bytes() { 108 } else { 92 };
    let directory = header + count + 4 + 4 * 8;
    let table = u32::from_le_bytes(signed[directory..directory + 4].try_into().unwrap());
    (directory, usize::try_from(table).unwrap())
}

/// A signed program with another table in the place of its own, which the directory knows of.
pub fn with_table(signed: &[u8], table: &[u8]) -> Vec<u8> {
    let (directory, start) = places(signed);
    let mut program = [&signed[..start], table].concat();
    let length = u32::try_from(table.len()).unwrap();
    program[directory + 4..directory + 8].copy_from_slice(&length.to_le_bytes());
    program
}

/// An entry of a table with this signature, and these bytes to fill it up.
pub fn entry(signature: &[u8], padding: &[u8]) -> Vec<u8> {
    let length = u32::try_from(8 + signature.len() + padding.len()).unwrap();
    let mut entry = [&length.to_le_bytes()[..], &[0, 2, 2, 0], signature, padding].concat();
    entry.resize(entry.len().next_multiple_of(8), 0);
    entry
}

/// The signature of a program, without its padding.
pub fn signature(signed: &[u8]) -> Vec<u8> {
    let (_, table) = places(signed);
    let entry = &signed[table + 8..];
    // A sequence whose length takes two bytes.
    assert_eq!(entry[..2], [0x30, 0x82]);
    entry[..4 + usize::from(u16::from_be_bytes([entry[2], entry[3]]))].to_vec()
}

/// A signed program whose signature was taken apart and put together again with a change.
pub fn changed(signed: &[u8], change: impl FnOnce(&mut SignedData)) -> Vec<u8> {
    let mut information = ContentInfo::from_der(&signature(signed)).unwrap();
    let mut data: SignedData = information.content.decode_as().unwrap();
    change(&mut data);
    information.content = Any::from_der(&data.to_der().unwrap()).unwrap();
    with_table(signed, &entry(&information.to_der().unwrap(), &[]))
}
