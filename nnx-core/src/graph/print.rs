//! Graphs as text, in the style of a jaxpr.

use super::{Graph, Value};
use std::fmt;

/// `a`, `b`, …, `z`, `aa`, …
fn letters(value: Value) -> String {
    let mut n = value.0 as usize;
    let mut out = Vec::new();
    loop {
        out.push(b'a' + (n % 26) as u8);
        if n < 26 {
            break;
        }
        n = n / 26 - 1;
    }
    out.reverse();
    out.into_iter().map(char::from).collect()
}

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = |v: &Value| format!("{}:{}", letters(*v), self.aval(*v));
        let join = |values: &[Value], show: &dyn Fn(&Value) -> String| {
            values.iter().map(show).collect::<Vec<_>>().join(" ")
        };
        let plain = |v: &Value| letters(*v);
        writeln!(f, "{{ lambda {} . let", join(&self.inputs, &typed))?;
        for node in &self.nodes {
            let params = node.op.params();
            write!(f, "    {} = {}", join(&node.outs, &typed), node.op.name())?;
            if !params.is_empty() {
                write!(f, "[{params}]")?;
            }
            if node.ins.is_empty() {
                writeln!(f)
            } else {
                writeln!(f, " {}", join(&node.ins, &plain))
            }?;
        }
        write!(f, "  in ({}) }}", join(&self.outputs, &plain))
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
