//! What goes over a port: a stream of frames, which both sides find the beginning of after one that was cut off.
//!
//! A port outlives its connections: what the last one left unread comes before what this one says. So the host
//! begins with zeros, more than any frame is long. They fill up a frame that was cut off, which is then
//! known by its wrong last byte; zeros between frames mean nothing. The guest answers with the number that the
//! host drew, and what comes before it is somebody else's, but for the greeting of an agent that has just started.

use std::io::{self, ErrorKind, Read, Write};

/// Bytes of the longest content.
pub const LONGEST: usize = 8192;

/// Zeros before the first frame of a connection: a longest frame with what is around it.
pub const CLEAN: [u8; LONGEST + 4] = [0; LONGEST + 4];

/// Bytes of the number that the host draws.
pub const NUMBER: usize = 16;

/// What an agent says first, before its [`Kind::Hello`]: to be found where no frame has been yet, and no frame's
/// beginning itself.
pub const GREETING: [u8; NUMBER] = *b"\xfe\xed\xfa\xce\xbe\xef\xca\xfe\xd0\x8d\xf0\x8d\xba\xaa\xaa\xad";

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// From the host: a new command, under this number; what runs is ended.
    Begin = 1,
    /// From the host: a piece of the script.
    Script,
    /// From the host: the script is whole.
    Run,
    /// From the host: a piece of the standard input.
    Input,
    /// From the host: the end of the standard input.
    InputEnd,
    /// From the guest: a piece of the standard output.
    Output,
    /// From the guest: a piece of the standard error.
    Errors,
    /// From the guest: the exit status, or nothing where a signal ended it.
    Exit,
    /// From the guest: an agent has started, so what ran before is gone.
    Hello,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        use Kind::{Begin, Errors, Exit, Hello, Input, InputEnd, Output, Run, Script};
        let all = [Begin, Script, Run, Input, InputEnd, Output, Errors, Exit, Hello];
        all.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// Writes one frame.
///
/// # Errors
/// The stream's, or that the content is too long.
pub fn write(to: &mut impl Write, kind: Kind, content: &[u8]) -> io::Result<()> {
    if content.len() > LONGEST {
        return Err(io::Error::new(ErrorKind::InvalidInput, "a frame is too long"));
    }
    let length = (content.len() as u16).to_le_bytes();
    let mut bytes = Vec::with_capacity(content.len() + 4);
    bytes.extend([kind as u8, length[0], length[1]]);
    bytes.extend_from_slice(content);
    bytes.push(!(kind as u8));
    to.write_all(&bytes)
}

/// Writes content of any length in frames.
///
/// # Errors
/// The stream's.
pub fn write_all(to: &mut impl Write, kind: Kind, content: &[u8]) -> io::Result<()> {
    content.chunks(LONGEST).try_for_each(|piece| write(to, kind, piece))
}

/// The next whole frame, or nothing where the stream ends, also in the midst of one.
///
/// # Errors
/// The stream's.
pub fn read(from: &mut impl Read) -> io::Result<Option<(Kind, Vec<u8>)>> {
    loop {
        let Some([byte]) = bytes(from)? else { return Ok(None) };
        let Some(kind) = Kind::of(byte) else { continue };
        let Some(length) = bytes(from)?.map(u16::from_le_bytes).map(usize::from) else { return Ok(None) };
        if length > LONGEST {
            continue;
        }
        let mut content = vec![0; length];
        if !filled(from, &mut content)? {
            return Ok(None);
        }
        match bytes(from)? {
            None => return Ok(None),
            Some([end]) if end == !byte => return Ok(Some((kind, content))),
            Some(_) => {}
        }
    }
}

/// Reads past everything up to this number; whether it came before the stream ended, and before an agent's greeting.
///
/// # Errors
/// The stream's.
pub fn skip_to(from: &mut impl Read, number: &[u8; NUMBER]) -> io::Result<bool> {
    let mut last = [0; NUMBER];
    while last != *number {
        let Some([byte]) = bytes(from)? else { return Ok(false) };
        last.rotate_left(1);
        last[NUMBER - 1] = byte;
        if last == GREETING {
            return Ok(false);
        }
    }
    Ok(true)
}

fn bytes<const N: usize>(from: &mut impl Read) -> io::Result<Option<[u8; N]>> {
    let mut bytes = [0; N];
    Ok(filled(from, &mut bytes)?.then_some(bytes))
}

fn filled(from: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(bytes) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        done => done.map(|()| true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(kind: Kind, content: &[u8]) -> Vec<u8> {
        let mut all = Vec::new();
        write(&mut all, kind, content).unwrap();
        all
    }

    #[test]
    fn frames_come_out_as_they_went_in() {
        let mut all = Vec::new();
        write_all(&mut all, Kind::Input, &[7; LONGEST + 1]).unwrap();
        write(&mut all, Kind::InputEnd, &[]).unwrap();
        let mut stream = all.as_slice();
        let mut next = || read(&mut stream).unwrap();
        assert_eq!(next(), Some((Kind::Input, vec![7; LONGEST])));
        assert_eq!(next(), Some((Kind::Input, vec![7])));
        assert_eq!(next(), Some((Kind::InputEnd, vec![])));
        assert_eq!(next(), None);
        assert!(write(&mut Vec::new(), Kind::Input, &[0; LONGEST + 1]).is_err());
    }

    #[test]
    fn a_frame_that_was_cut_off_anywhere_is_dropped_and_the_one_after_the_zeros_is_read() {
        for content in [&[][..], &[1; 300], &[9; LONGEST]] {
            let whole = framed(Kind::Script, content);
            for cut in (0..whole.len()).filter(|cut| *cut < 310 || *cut > whole.len() - 3) {
                let mut stream = whole[..cut].to_vec();
                stream.extend(CLEAN);
                stream.extend(framed(Kind::Begin, b"number"));
                let found = read(&mut stream.as_slice()).unwrap();
                assert_eq!(found, Some((Kind::Begin, b"number".to_vec())), "cut after {cut} bytes");
            }
        }
    }

    #[test]
    fn what_comes_before_the_number_is_passed_over() {
        let number = *b"0123456789abcdef";
        let mut stream = framed(Kind::Output, b"0123456789");
        stream.extend(number);
        stream.extend(framed(Kind::Exit, &[0]));
        let mut stream = stream.as_slice();
        assert!(skip_to(&mut stream, &number).unwrap());
        assert_eq!(read(&mut stream).unwrap(), Some((Kind::Exit, vec![0])));
        assert!(!skip_to(&mut stream, &number).unwrap());
    }
}
