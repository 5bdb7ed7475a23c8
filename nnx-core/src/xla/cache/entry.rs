//! An entry of the cache: what it is the program of, in clear, and the compiled program. The commands
//! that list the cache include this file too.

use serde_json::{Map, Value, json};
use xxhash_rust::xxh3::xxh3_128;

/// The first bytes of an entry; another number where this format changes.
const MAGIC: &str = "nnx program 1\n";

/// The first bytes of a file with several entries.
pub(crate) const BUNDLE: &[u8] = b"nnx bundle 1\n";

/// Everything that decides what the compiler makes: names of parts, with their values, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProgramKey(pub(crate) Vec<(String, String)>);

impl ProgramKey {
    /// A number of it, in hexadecimal: the name of its entry.
    pub(crate) fn id(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.0 {
            // No value can be taken for the beginning of the next part.
            text += &format!("{name} {} {value}\n", value.len());
        }
        hash(text.as_bytes())
    }

    /// The parts that differ, with both values: this one's, then the other's.
    pub(crate) fn differences<'k>(
        &'k self,
        other: &'k ProgramKey,
    ) -> Vec<(&'k str, &'k str, &'k str)> {
        let of = |key: &'k ProgramKey, name: &str| {
            key.0.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.as_str())
        };
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        names.extend(
            other.0.iter().map(|(name, _)| name.as_str()).filter(|n| of(self, n).is_empty()),
        );
        names.dedup();
        let values = names.into_iter().map(|name| (name, of(self, name), of(other, name)));
        values.filter(|(_, mine, others)| mine != others).collect()
    }
}

/// 128 bits of XXH3 in hexadecimal.
pub(crate) fn hash(bytes: &[u8]) -> String {
    format!("{:032x}", xxh3_128(bytes))
}

/// The header of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) key: ProgramKey,
    /// The function that it was compiled for; others may have the same program.
    pub(crate) name: String,
    /// How long the compiler took, in microseconds.
    pub(crate) compile_us: u64,
    /// Why it must not be loaded, if so. There is no program then.
    pub(crate) refused: Option<String>,
}

/// The bytes of an entry.
pub(crate) fn encode(header: &Header, program: &[u8]) -> Vec<u8> {
    let key: Vec<Value> = header.key.0.iter().map(|(name, value)| json!([name, value])).collect();
    let mut fields = Map::new();
    fields.insert("function".into(), header.name.clone().into());
    fields.insert("compile_us".into(), header.compile_us.into());
    fields.insert("key".into(), key.into());
    if let Some(why) = &header.refused {
        fields.insert("refused".into(), why.clone().into());
    }
    fields.insert("size".into(), program.len().into());
    fields.insert("program_xxh3".into(), hash(program).into());
    let mut text = Value::Object(fields).to_string();
    text.push('\n');
    // The header's own hash comes first, because a changed byte in it must be found too.
    let head = format!("{MAGIC}{}\n{text}", hash(text.as_bytes()));
    [head.as_bytes(), program].concat()
}

/// The header of an entry and where its program begins, from the entry's first bytes: all of them, or
/// enough for the header.
///
/// # Errors
/// Returns what is wrong with it.
pub(crate) fn decode_header(bytes: &[u8]) -> Result<(Header, usize, Content), String> {
    let rest = bytes.strip_prefix(MAGIC.as_bytes()).ok_or("it does not begin like an entry")?;
    let line = |bytes: &'_ [u8]| bytes.iter().position(|&b| b == b'\n');
    let end = line(rest).ok_or("it ends in its header")?;
    let (sum, rest) = (&rest[..end], &rest[end + 1..]);
    let end = line(rest).ok_or("it ends in its header")?;
    let text = &rest[..=end];
    if hash(text).as_bytes() != sum {
        return Err("its header was changed".into());
    }
    let start = bytes.len() - rest.len() + end + 1;
    let value: Value = serde_json::from_slice(text).map_err(|e| format!("its header: {e}"))?;
    let missing = || "its header lacks a field".to_string();
    let text_of = |value: &Value| value.as_str().map(str::to_string);
    let part = |part: &Value| Some((text_of(part.get(0)?)?, text_of(part.get(1)?)?));
    let key = value["key"].as_array().ok_or_else(missing)?;
    let key = key.iter().map(part).collect::<Option<_>>().ok_or_else(missing)?;
    let header = Header {
        key: ProgramKey(key),
        name: text_of(&value["function"]).ok_or_else(missing)?,
        compile_us: value["compile_us"].as_u64().ok_or_else(missing)?,
        refused: text_of(&value["refused"]),
    };
    let size = value["size"].as_u64().and_then(|n| usize::try_from(n).ok()).ok_or_else(missing)?;
    let sum = text_of(&value["program_xxh3"]).ok_or_else(missing)?;
    Ok((header, start, Content { size, sum }))
}

/// The size and hash of an entry's program.
pub(crate) struct Content {
    pub(crate) size: usize,
    sum: String,
}

/// The header of an entry, and its program. There may be other bytes after it, which are left alone.
///
/// # Errors
/// Returns what is wrong with it.
pub(crate) fn decode(bytes: &[u8]) -> Result<(Header, &[u8]), String> {
    let (header, start, program) = decode_header(bytes)?;
    let end = start.checked_add(program.size).ok_or("its size is too large")?;
    let content = bytes.get(start..end).ok_or("it was cut off")?;
    if hash(content) != program.sum {
        return Err("its program was changed".into());
    }
    Ok((header, content))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn header() -> Header {
        let part = |name: &str, value: &str| (name.to_string(), value.to_string());
        Header {
            key: ProgramKey(vec![part("program", "ab"), part("processor", "x\n\"y")]),
            name: "train_step".into(),
            compile_us: 7,
            refused: None,
        }
    }

    #[test]
    fn an_entry_reads_as_it_was_written_and_damage_anywhere_is_found() {
        let bytes = encode(&header(), b"code");
        assert_eq!(decode(&bytes).unwrap(), (header(), &b"code"[..]));
        for i in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[i] ^= 1;
            assert!(decode(&damaged).is_err(), "byte {i}");
            assert!(decode(&bytes[..i]).is_err(), "cut off at {i}");
        }
    }

    #[test]
    fn keys_differ_in_what_they_are_made_of() {
        let key = |parts: &[(&str, &str)]| {
            ProgramKey(parts.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect())
        };
        let (a, b) = (key(&[("p", "1"), ("q", "2")]), key(&[("p", "1\nq 1 2")]));
        assert_ne!(a.id(), b.id());
        assert_eq!(a.differences(&key(&[("p", "1"), ("q", "3")])), [("q", "2", "3")]);
        assert_eq!(key(&[("p", "1")]).differences(&a), [("q", "", "2")]);
    }
}
