//! A table of the Variables and arrays of a tree.

use super::held::hold_to_read;
use super::walk::for_each_leaf;
use super::{Module, Path, for_each_other_place};
use crate::value::Aval;
use std::fmt;

/// The result of [`tabulate`]: a line per leaf, a line per kind, and the total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    rows: Vec<Row>,
}

/// A leaf in a [`Table`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where it is.
    pub path: Path,
    /// The name of its kind; `array` for a plain array.
    pub kind: &'static str,
    /// Shape and dtype; none if it holds no value.
    pub aval: Option<Aval>,
    /// For a further place of a leaf in a shared node: its first place, where it is counted.
    pub shared_with: Option<Path>,
}

impl Row {
    /// Number of elements; 0 if they are counted at another place.
    pub fn size(&self) -> usize {
        self.counted().map_or(0, Aval::size)
    }

    /// Number of bytes; 0 if they are counted at another place.
    pub fn byte_size(&self) -> usize {
        self.counted().map_or(0, Aval::byte_size)
    }

    /// The shape and dtype that count here, if any.
    fn counted(&self) -> Option<&Aval> {
        self.aval.as_ref().filter(|_| self.shared_with.is_none())
    }
}

/// Number of leaves, elements and bytes of a part of a [`Table`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    /// Number of leaves.
    pub leaves: usize,
    /// Number of elements.
    pub size: usize,
    /// Number of bytes.
    pub byte_size: usize,
}

impl Total {
    fn of<'a>(rows: impl Iterator<Item = &'a Row>) -> Self {
        let counted = rows.filter(|row| row.shared_with.is_none());
        counted.fold(Total::default(), |total, row| Total {
            leaves: total.leaves + 1,
            size: total.size + row.size(),
            byte_size: total.byte_size + row.byte_size(),
        })
    }
}

/// Paths, kinds, shapes, dtypes, numbers of elements and bytes of all leaves of `module`, with
/// totals per kind; printed with `{}`. A buffer that is in the tree twice counts twice.
///
/// ```no_run
/// use nnx_core::module::tabulate;
/// use nnx_core::array::zeros;
/// use nnx_core::{DType, Param};
///
/// let model = vec![Param::new(zeros([784, 256], DType::F32))];
/// let table = tabulate(&model);
/// println!("{table}");
/// assert_eq!(table.total().byte_size, 802_816);
/// ```
///
/// # Panics
/// Panics if this thread holds a shared node for writing.
#[track_caller]
pub fn tabulate<M: Module>(module: &M) -> Table {
    let _held = hold_to_read("tabulate", module);
    let mut rows = Vec::new();
    for_each_leaf(module, |path, leaf| {
        rows.push(Row {
            path: path.clone(),
            kind: leaf.kind.map_or("array", |kind| kind.name),
            aval: leaf.value.try_aval().ok().cloned(),
            shared_with: None,
        });
    });
    let mut others = Vec::new();
    for_each_other_place(
        |v| module.flatten(v),
        |i, path, _| {
            let shared_with = Some(rows[i].path.clone());
            others.push(Row { path: path.clone(), shared_with, ..rows[i].clone() });
        },
    );
    rows.extend(others);
    Table { rows }
}

impl Table {
    /// The leaves in the order of the walk, then further places of those in shared nodes.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The sums over all leaves.
    pub fn total(&self) -> Total {
        Total::of(self.rows.iter())
    }

    /// The sums over the leaves of each kind, in the order in which the kinds come up.
    pub fn totals(&self) -> Vec<(&'static str, Total)> {
        let mut kinds: Vec<&'static str> = Vec::new();
        for row in &self.rows {
            if !kinds.contains(&row.kind) {
                kinds.push(row.kind);
            }
        }
        let of = |kind| Total::of(self.rows.iter().filter(move |row| row.kind == kind));
        kinds.into_iter().map(|kind| (kind, of(kind))).collect()
    }

    fn lines(&self) -> Vec<Line> {
        let heading = ["path", "kind", "array", "elements", "bytes"].map(str::to_owned);
        let mut lines = vec![Line::Cells(heading), Line::Rule];
        lines.extend(self.rows.iter().map(|row| {
            let aval = row.aval.as_ref().map_or_else(|| "no value".to_owned(), Aval::to_string);
            let (path, kind) = (row.path.to_string(), row.kind.to_owned());
            match &row.shared_with {
                Some(first) => {
                    Line::Cells([path, kind, format!("shared with {first}"), "".into(), "".into()])
                }
                None => {
                    Line::Cells([path, kind, aval, grouped(row.size()), bytes(row.byte_size())])
                }
            }
        }));
        lines.push(Line::Rule);
        let totals = self.totals();
        for (kind, total) in &totals {
            lines.push(Line::total("", kind, total));
        }
        if totals.len() != 1 {
            lines.push(Line::total("total", "", &self.total()));
        }
        lines
    }
}

enum Line {
    Cells([String; 5]),
    Rule,
}

impl Line {
    fn total(path: &str, kind: &str, total: &Total) -> Self {
        let plural = if total.leaves == 1 { "" } else { "s" };
        Line::Cells([
            path.to_owned(),
            kind.to_owned(),
            format!("{} array{plural}", total.leaves),
            grouped(total.size),
            bytes(total.byte_size),
        ])
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.lines();
        let mut widths = [0; 5];
        for line in &lines {
            if let Line::Cells(cells) = line {
                for (width, cell) in widths.iter_mut().zip(cells) {
                    *width = (*width).max(cell.chars().count());
                }
            }
        }
        let [path, kind, array, size, byte_size] = widths;
        for (i, line) in lines.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            match line {
                Line::Rule => f.write_str(&"─".repeat(widths.iter().sum::<usize>() + 8))?,
                Line::Cells([a, b, c, d, e]) => {
                    write!(f, "{a:path$}  {b:kind$}  {c:array$}  {d:>size$}  {e:>byte_size$}")?
                }
            }
        }
        Ok(())
    }
}

/// `1,234,567`.
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `802.8 kB`; decimal units.
fn bytes(n: usize) -> String {
    let mut value = n as f64;
    let mut unit = "B";
    for larger in ["kB", "MB", "GB", "TB"] {
        // A value that would be rounded to 1000.0 belongs to the next unit.
        if value < 999.95 {
            break;
        }
        (value, unit) = (value / 1000.0, larger);
    }
    if unit == "B" { format!("{n} B") } else { format!("{value:.1} {unit}") }
}
