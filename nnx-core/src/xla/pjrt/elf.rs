//! Whether a shared library is whole. The set-up command includes this file too.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Says what is wrong with the file at `path`, if it is an ELF library that ends before its
/// contents do. The system's loader maps such a file without looking, and the process then dies at
/// the first access beyond the end. Files of other formats are left to the loader.
pub(crate) fn truncated(path: &Path) -> std::io::Result<Option<String>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut header = [0u8; 64];
    if length < 64 {
        return Ok(Some(format!("it is only {length} bytes long")));
    }
    file.read_exact(&mut header)?;
    let is_elf64_little_endian = header.starts_with(b"\x7fELF\x02\x01");
    if !is_elf64_little_endian {
        return Ok(None);
    }
    let table = u64_at(&header, 32);
    let entry_size = u64::from(u16_at(&header, 54));
    let entries = u64::from(u16_at(&header, 56));
    // The table of sections is, as a rule, the last thing in a file.
    let sections_size = u64::from(u16_at(&header, 58)) * u64::from(u16_at(&header, 60));
    let sections_end = u64_at(&header, 40).saturating_add(sections_size);
    let mut needed = table.saturating_add(entry_size * entries).max(sections_end);
    if needed <= length && entry_size >= 56 {
        let mut segments = vec![0u8; (entry_size * entries) as usize];
        file.seek(SeekFrom::Start(table))?;
        file.read_exact(&mut segments)?;
        for segment in segments.chunks_exact(entry_size as usize) {
            let (offset, size) = (u64_at(segment, 8), u64_at(segment, 32));
            needed = needed.max(offset.saturating_add(size));
        }
    }
    Ok((needed > length)
        .then(|| format!("it is cut off: {length} bytes long, of at least {needed}")))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0u8; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}
