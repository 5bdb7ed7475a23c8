//! Which name was meant.

/// Longer names are compared by their first bytes.
const LONGEST: usize = 32;

/// The one of `names` that `name` most likely is a slip for, if any is near enough.
pub(super) const fn nearest<'a>(name: &str, names: &[&'a str]) -> Option<&'a str> {
    let mut found = None;
    // A third of the letters wrong, but one at least: as rustc suggests names.
    let mut limit = name.len() / 3;
    if limit == 0 {
        limit = 1;
    }
    let mut i = 0;
    while i < names.len() {
        let distance = edits(name.as_bytes(), names[i].as_bytes());
        if distance <= limit {
            found = Some(names[i]);
            if distance == 0 {
                break;
            }
            limit = distance - 1;
        }
        i += 1;
    }
    found
}

/// How many letters have to be changed, added, taken away or swapped with the next one (the optimal
/// string alignment distance).
const fn edits(a: &[u8], b: &[u8]) -> usize {
    let (a_len, b_len) = (min(a.len(), LONGEST), min(b.len(), LONGEST));
    // row[j] is the distance of the part of `a` so far to the first j bytes of `b`.
    let mut row = [0; LONGEST + 1];
    let mut j = 0;
    while j <= b_len {
        row[j] = j;
        j += 1;
    }
    let mut before = row;
    let mut i = 1;
    while i <= a_len {
        let mut next = [i; LONGEST + 1];
        j = 1;
        while j <= b_len {
            let change = row[j - 1] + !alike(a[i - 1], b[j - 1]) as usize;
            next[j] = min(change, min(row[j], next[j - 1]) + 1);
            let swapped = i > 1 && j > 1 && alike(a[i - 1], b[j - 2]) && alike(a[i - 2], b[j - 1]);
            if swapped {
                next[j] = min(next[j], before[j - 2] + 1);
            }
            j += 1;
        }
        before = row;
        row = next;
        i += 1;
    }
    row[b_len]
}

const fn alike(a: u8, b: u8) -> bool {
    a.eq_ignore_ascii_case(&b)
}

const fn min(a: usize, b: usize) -> usize {
    if a < b { a } else { b }
}
