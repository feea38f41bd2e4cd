//! A list in UTF-16, as spreadsheets save "Unicode text", piece by piece into UTF-8. Half a pair is kept as JSON would write
//! it. Not how one tells that it is UTF-16.

use crate::charset;

/// What is not yet a whole letter.
pub(super) struct Utf16 {
    low_first: bool,
    held: Vec<u8>,
}

impl Utf16 {
    pub(super) fn new(low_first: bool) -> Utf16 {
        Utf16 { low_first, held: Vec::new() }
    }

    /// The letters that are whole now.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        let mut whole = self.held.len() - self.held.len() % 2;
        // The first half of a pair waits for the second.
        if whole >= 2 && (0xd800..0xdc00).contains(&self.unit(whole - 2)) {
            whole -= 2;
        }
        let rest = self.held.split_off(whole);
        let letters = std::mem::replace(&mut self.held, rest);
        self.letters(&letters)
    }

    /// What is left at the end.
    pub(super) fn end(&mut self) -> Vec<u8> {
        let left = std::mem::take(&mut self.held);
        self.letters(&left)
    }

    fn unit(&self, at: usize) -> u16 {
        let pair = [self.held[at], self.held[at + 1]];
        if self.low_first { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
    }

    fn letters(&self, bytes: &[u8]) -> Vec<u8> {
        let mark: [u8; 2] = if self.low_first { [0xff, 0xfe] } else { [0xfe, 0xff] };
        let text = charset::utf16(bytes, self.low_first);
        // A mark in the middle is a letter like any other, wherever the bytes are cut.
        let begins = if bytes.starts_with(&mark) { "\u{feff}" } else { "" };
        [begins, &text].concat().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_whole_however_the_bytes_are_cut() {
        let text = "\u{feff}a\u{1f600}\u{928}\u{feff}b";
        for low_first in [true, false] {
            let bytes = |unit: u16| if low_first { unit.to_le_bytes() } else { unit.to_be_bytes() };
            let mut written: Vec<u8> = text.encode_utf16().flat_map(bytes).collect();
            written.extend(bytes(0xd83d));
            written.push(7);
            for size in 1..written.len() {
                let mut utf16 = Utf16::new(low_first);
                let mut read: Vec<u8> = written.chunks(size).flat_map(|piece| utf16.push(piece)).collect();
                read.extend(utf16.end());
                assert_eq!(String::from_utf8(read).unwrap(), format!("{text}\\ud83d\\x07"), "{size}");
            }
        }
    }
}
