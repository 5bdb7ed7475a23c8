//! The parameters of a program as its StableHLO text has them, for plugins that do not tell them.

use super::parameters::{ParameterType, parameter};
use crate::value::DType;

/// The parameters of the function `main`. `None` where the text has none, or several, or says it in a way that is
/// not understood here, such as by the name of a type.
pub(super) fn parameters(text: &str) -> Option<Vec<ParameterType>> {
    let code = without_comments_and_strings(text)?;
    // A name in quotation marks may be `main` too.
    if code.contains("@\"") {
        return None;
    }
    let mut mains = code.match_indices("@main").filter_map(|(at, name)| {
        let before = code[..at].trim_end();
        let before = before.strip_suffix("public").unwrap_or(before).trim_end();
        before.ends_with("func.func").then_some(())?;
        code[at + name.len()..].trim_start().strip_prefix('(')
    });
    let (list, None) = (mains.next()?, mains.next()) else { return None };
    let mut found = Vec::new();
    for part in parts(list)? {
        let (_, of_type) = part.split_once(':')?;
        found.push(tensor(of_type.trim_start())?);
    }
    Some(found)
}

/// The text with neither comments nor strings, in which anything may stand.
fn without_comments_and_strings(text: &str) -> Option<String> {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['"', '/']) {
        code.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if let Some(mut string) = rest.strip_prefix('"') {
            loop {
                let end = string.find(['"', '\\'])?;
                let escapes = string[end..].starts_with('\\');
                string = string.get(end + if escapes { 2 } else { 1 }..)?;
                if !escapes {
                    break;
                }
            }
            code.push('"');
            rest = string;
        } else {
            code.push('/');
            rest = &rest[1..];
        }
    }
    code.push_str(rest);
    Some(code)
}

/// The pieces between commas, up to the parenthesis that ends the list.
fn parts(list: &str) -> Option<Vec<&str>> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            ')' if depth == 0 => {
                let last = &list[start..at];
                let is_one = !found.is_empty() || !last.trim().is_empty();
                found.extend(is_one.then_some(last));
                return Some(found);
            }
            ',' if depth == 0 => {
                found.push(&list[start..at]);
                start = at + 1;
            }
            '(' | '[' | '{' | '<' => depth += 1,
            // That of an arrow closes nothing.
            '>' if list[..at].ends_with('-') => {}
            ')' | ']' | '}' | '>' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// A type such as `tensor<2x3xf32>`, whatever comes after it.
fn tensor(text: &str) -> Option<ParameterType> {
    let mut rest = text.strip_prefix("tensor<")?;
    let mut dims = Vec::new();
    while let Some((size, after)) = rest.split_once('x') {
        let Ok(size) = size.parse() else { break };
        dims.push(size);
        rest = after;
    }
    let is_element = |dtype: &DType| {
        rest.strip_prefix(element(*dtype)).is_some_and(|after| after.starts_with('>'))
    };
    DType::ALL.into_iter().chain(DType::SMALL).find(is_element).map(|dtype| parameter(dtype, dims))
}

fn element(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "i1",
        DType::I8 => "i8",
        DType::I16 => "i16",
        DType::I32 => "i32",
        DType::I64 => "i64",
        DType::U8 => "ui8",
        DType::U16 => "ui16",
        DType::U32 => "ui32",
        DType::U64 => "ui64",
        DType::F16 => "f16",
        DType::BF16 => "bf16",
        DType::F32 => "f32",
        DType::F64 => "f64",
        DType::C64 => "complex<f32>",
        DType::C128 => "complex<f64>",
        DType::F8E4M3FN => "f8E4M3FN",
        DType::F8E5M2 => "f8E5M2",
        DType::F8E4M3B11FNUZ => "f8E4M3B11FNUZ",
        DType::F8E4M3FNUZ => "f8E4M3FNUZ",
        DType::F8E5M2FNUZ => "f8E5M2FNUZ",
        DType::F8E3M4 => "f8E3M4",
        DType::F8E4M3 => "f8E4M3",
        DType::F8E8M0FNU => "f8E8M0FNU",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(list: &str) -> Option<Vec<ParameterType>> {
        parameters(&format!("module @m {{\n  func.func public @main({list}) -> (tensor<f32>) {{\n"))
    }

    #[test]
    fn parameters_are_read_from_a_text() {
        let f32s = |dims: &[u64]| parameter(DType::F32, dims.to_vec());
        assert_eq!(found(""), Some(vec![]));
        assert_eq!(found("%0: tensor<f32>"), Some(vec![f32s(&[])]));
        let attribute = "{tf.aliasing_output = 0 : i32, a = \"), %1: tensor<\\\"\"}";
        let list = format!("%0: tensor<2x3xf32> {attribute},\n %x : tensor<0xf32> // )\n");
        assert_eq!(found(&list), Some(vec![f32s(&[2, 3]), f32s(&[0])]));
        let map = "%0: tensor<4xf32> {m = affine_map<(i, j) -> (i)>}, %1: tensor<4xf32>";
        assert_eq!(found(map), Some(vec![f32s(&[4]), f32s(&[4])]));
        for dtype in DType::ALL.into_iter().chain(DType::SMALL) {
            let text = format!("%0: tensor<5x{}>", element(dtype));
            assert_eq!(found(&text), Some(vec![parameter(dtype, vec![5])]), "{text}");
        }
        let hidden = "// func.func @main(%0: tensor<2xi32>)\n func.func @f(%0: tensor<i1>) {\n \
                      %1 = func.call @main(%0) }\n func.func @main(%0: tensor<f32>) {";
        assert_eq!(parameters(hidden), Some(vec![f32s(&[])]));
    }

    #[test]
    fn a_text_that_is_not_understood_has_no_parameters() {
        for list in
            ["%0: !t", "%0: tensor<?xf32>", "%0: tensor<*xf32>", "%0", "%0: tensor<2xf32", "\""]
        {
            assert_eq!(found(list), None, "{list}");
        }
        assert_eq!(found("%0: tensor<2xf32, #sparse>"), None);
        assert_eq!(parameters("func.func @f() {"), None);
        assert_eq!(parameters("func.func @main() {} func.func @main() {}"), None);
        assert_eq!(parameters("func.func @main() {} func.func @\"main\"() {}"), None);
    }
}
