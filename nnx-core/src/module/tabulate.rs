//! A table of the Variables and arrays of a tree.

use super::held::hold_to_read;
use super::walk::for_each_leaf_of;
use super::{Metadata, Module, Path, Seen, Visitor, for_each_other_place};
use crate::value::Aval;
use std::fmt;

/// The result of [`tabulate`]: a line per leaf, a line per kind, and the total.
///
/// ```
/// use nnx::{nn::BatchNorm, random::Rngs, tabulate};
///
/// let table = tabulate(&BatchNorm::new(4, &mut Rngs::new(0)));
/// let paths: Vec<String> = table.rows().iter().map(|row| row.path.to_string()).collect();
/// assert_eq!(paths, ["mean", "var", "scale", "bias"]);
/// assert_eq!(table.total().size, 16);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    rows: Vec<Row>,
}

/// A leaf in a [`Table`].
///
/// ```
/// use nnx::{nn::Linear, random::Rngs, tabulate};
///
/// let table = tabulate(&Linear::new(3, 4, &mut Rngs::new(0)));
/// let kernel = &table.rows()[0];
/// assert_eq!((kernel.path.to_string().as_str(), kernel.kind), ("kernel", "Param"));
/// assert_eq!((kernel.size(), kernel.byte_size()), (12, 48));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where it is.
    pub path: Path,
    /// The name of its kind; `array` for a plain array.
    pub kind: &'static str,
    /// Shape and dtype; none if it holds no value.
    pub aval: Option<Aval>,
    /// The notes on it.
    pub metadata: Metadata,
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

    /// The notes as a table shows them: those of a user, and not the name of a random stream, which its path has.
    fn notes(&self) -> String {
        match self.metadata.is_empty() || matches!(self.kind, "RngKey" | "RngCount") {
            true => String::new(),
            false => self.metadata.to_string(),
        }
    }

    /// The shape and dtype that count here, if any.
    fn counted(&self) -> Option<&Aval> {
        self.aval.as_ref().filter(|_| self.shared_with.is_none())
    }
}

/// Number of leaves, elements and bytes of a part of a [`Table`].
///
/// ```
/// use nnx::module::{Total, tabulate};
/// use nnx::{nn::Linear, random::Rngs};
///
/// let total: Total = tabulate(&Linear::new(3, 4, &mut Rngs::new(0))).total();
/// assert_eq!((total.leaves, total.size, total.byte_size), (2, 16, 64));
/// ```
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

    fn cells(&self, path: &str, kind: &str) -> Vec<String> {
        let plural = if self.leaves == 1 { "" } else { "s" };
        vec![
            path.to_owned(),
            kind.to_owned(),
            format!("{} array{plural}", self.leaves),
            grouped(self.size),
            bytes(self.byte_size),
        ]
    }

    /// `1,234 (4.9 kB)`.
    pub(crate) fn brief(&self) -> String {
        format!("{} ({})", grouped(self.size), bytes(self.byte_size))
    }
}

/// Paths, kinds, shapes, dtypes, metadata, numbers of elements and bytes of all leaves of `module`, with
/// totals per kind; printed with `{}`. A buffer that is in the tree twice counts twice.
///
/// ```
/// use nnx::array::zeros;
/// use nnx::module::tabulate;
/// use nnx::{DType, Param};
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
    Table::of(|mut v| module.flatten(&mut v))
}

impl Table {
    /// The leaves that a walk visits.
    pub(crate) fn of(flatten: impl Fn(&mut dyn Visitor)) -> Table {
        let mut rows = Vec::new();
        for_each_leaf_of(
            &Seen::default(),
            |v| flatten(v),
            |path, leaf| {
                rows.push(Row {
                    path: path.clone(),
                    kind: leaf.kind.map_or("array", |kind| kind.name),
                    aval: leaf.value.try_aval().ok().cloned(),
                    metadata: leaf.metadata.clone(),
                    shared_with: None,
                });
            },
        );
        let mut others = Vec::new();
        for_each_other_place(
            |v| flatten(v),
            |i, path, _| {
                let shared_with = Some(rows[i].path.clone());
                others.push(Row { path: path.clone(), shared_with, ..rows[i].clone() });
            },
        );
        rows.extend(others);
        Table { rows }
    }

    /// The table without some rows.
    pub(crate) fn without(mut self, is_left_out: impl Fn(&Row) -> bool) -> Table {
        self.rows.retain(|row| !is_left_out(row));
        self
    }

    /// The same table with other paths.
    pub(crate) fn with_paths(mut self, of: impl Fn(&Path) -> Path) -> Table {
        for row in &mut self.rows {
            row.path = of(&row.path);
            row.shared_with = row.shared_with.as_ref().map(&of);
        }
        self
    }

    /// The leaves in the order of the walk, then further places of those in shared nodes.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The sums over all leaves.
    pub fn total(&self) -> Total {
        Total::of(self.rows.iter())
    }

    /// The sums over the leaves of each kind, in the order in which the kinds come up.
    ///
    /// ```
    /// use nnx::{nn::BatchNorm, random::Rngs, tabulate};
    ///
    /// let totals = tabulate(&BatchNorm::new(4, &mut Rngs::new(0))).totals();
    /// assert_eq!((totals[0].0, totals[0].1.leaves), ("BatchStat", 2));
    /// assert_eq!((totals[1].0, totals[1].1.leaves), ("Param", 2));
    /// ```
    pub fn totals(&self) -> Vec<(&'static str, Total)> {
        self.totals_of(|_| true)
    }

    /// [`totals`](Table::totals) of the rows that `is_counted` takes.
    pub(crate) fn totals_of(
        &self,
        is_counted: impl Fn(&Row) -> bool,
    ) -> Vec<(&'static str, Total)> {
        let rows: Vec<&Row> = self.rows.iter().filter(|row| is_counted(row)).collect();
        let mut kinds: Vec<&'static str> = Vec::new();
        for row in &rows {
            if !kinds.contains(&row.kind) {
                kinds.push(row.kind);
            }
        }
        let of = |kind| Total::of(rows.iter().copied().filter(move |row| row.kind == kind));
        kinds.into_iter().map(|kind| (kind, of(kind))).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = TableText::new();
        // A column more where somebody noted something.
        let has_notes = self.rows.iter().any(|row| !row.notes().is_empty());
        let with_notes = |mut cells: Vec<String>, notes: &str| {
            if has_notes {
                cells.insert(3, notes.to_owned());
            }
            cells
        };
        text.right_from(if has_notes { 4 } else { 3 });
        let heading = ["path", "kind", "array", "elements", "bytes"].map(str::to_owned).into();
        text.line(with_notes(heading, "metadata"));
        text.rule();
        for row in &self.rows {
            let (path, kind) = (row.path.to_string(), row.kind.to_owned());
            let aval = row.aval.as_ref().map_or_else(|| "no value".to_owned(), Aval::to_string);
            text.line(match &row.shared_with {
                Some(first) => {
                    let shared = format!("shared with {first}");
                    with_notes(vec![path, kind, shared, "".into(), "".into()], "")
                }
                None => {
                    let (size, bytes) = (grouped(row.size()), bytes(row.byte_size()));
                    with_notes(vec![path, kind, aval, size, bytes], &row.notes())
                }
            });
        }
        text.rule();
        let totals = self.totals();
        for (kind, total) in &totals {
            text.line(with_notes(total.cells("", kind), ""));
        }
        if totals.len() != 1 {
            text.line(with_notes(self.total().cells("total", ""), ""));
        }
        write!(f, "{text}")
    }
}

/// Cells in columns.
pub(crate) struct TableText {
    lines: Vec<Option<Vec<String>>>,
    right_from: usize,
}

impl TableText {
    pub(crate) fn new() -> TableText {
        TableText { lines: Vec::new(), right_from: 0 }
    }

    /// The columns from this one on are set to the right.
    pub(crate) fn right_from(&mut self, column: usize) {
        self.right_from = column;
    }

    pub(crate) fn line(&mut self, cells: Vec<String>) {
        self.lines.push(Some(cells));
    }

    pub(crate) fn rule(&mut self) {
        self.lines.push(None);
    }

    /// `1,234,567`.
    pub(crate) fn number(n: u64) -> String {
        grouped(usize::try_from(n).unwrap_or(usize::MAX))
    }
}

impl fmt::Display for TableText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths: Vec<usize> = Vec::new();
        for cells in self.lines.iter().flatten() {
            widths.resize(widths.len().max(cells.len()), 0);
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let whole = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
        for (i, line) in self.lines.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            let Some(cells) = line else {
                f.write_str(&"─".repeat(whole))?;
                continue;
            };
            let cells = cells.iter().zip(&widths).enumerate();
            let cells = cells.map(|(column, (cell, &width))| match column < self.right_from {
                true => format!("{cell:width$}"),
                false => format!("{cell:>width$}"),
            });
            f.write_str(cells.collect::<Vec<_>>().join("  ").trim_end())?;
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
