//! Lines of letters.

use std::io::{self, BufRead};

use crate::deadletters::{Key, Letter};

/// Hands every line to `visit` with the offset at which it begins, its end not included.
pub(super) fn each(
    mut lines: impl BufRead,
    mut visit: impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut line = Vec::new();
    let mut offset = 0;
    loop {
        line.clear();
        let len = lines.read_until(b'\n', &mut line)?;
        if len == 0 {
            return Ok(());
        }
        visit(offset, line.strip_suffix(b"\n").unwrap_or(&line))?;
        offset += u64::try_from(len).unwrap_or(u64::MAX);
    }
}

/// The key of the letter in a line.
pub(super) fn key(line: &[u8]) -> Result<Key, String> {
    serde_json::from_slice(line).map_err(|fault| shown(&fault))
}

/// The letter in a line.
pub(super) fn letter(line: &[u8]) -> Result<Letter, String> {
    serde_json::from_slice(line).map_err(|fault| shown(&fault))
}

/// serde's words; every line is line 1 to it, which would be taken for that of the file.
fn shown(fault: &serde_json::Error) -> String {
    fault.to_string().replace("at line 1 column", "at column")
}

/// Whether a line holds nothing.
pub(super) fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
}
