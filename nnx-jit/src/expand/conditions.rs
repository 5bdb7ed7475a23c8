//! The conditions of `if` and `while` in a body: of comparisons, which give a `bool` or an array of bools as what
//! they compare, the message says what to write.

use quote::quote_spanned;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{BinOp, Block, Expr, ExprMethodCall, Item, UnOp, parse_quote};

/// Has the compiler ask the comparisons that decide something in `block` for a `bool` in our words.
pub(crate) fn ask(block: &mut Block) {
    Conditions.visit_block_mut(block);
}

struct Conditions;

impl VisitMut for Conditions {
    fn visit_expr_if_mut(&mut self, expr: &mut syn::ExprIf) {
        visit_mut::visit_expr_if_mut(self, expr);
        of(&mut expr.cond);
    }

    fn visit_expr_while_mut(&mut self, expr: &mut syn::ExprWhile) {
        visit_mut::visit_expr_while_mut(self, expr);
        of(&mut expr.cond);
    }

    // Nested functions are not traced.
    fn visit_item_mut(&mut self, _: &mut Item) {}
}

fn of(condition: &mut Expr) {
    match condition {
        Expr::Binary(binary) if matches!(binary.op, BinOp::And(_) | BinOp::Or(_)) => {
            of(&mut binary.left);
            of(&mut binary.right);
        }
        Expr::Paren(paren) => of(&mut paren.expr),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) => of(&mut unary.expr),
        Expr::MethodCall(call) if compares(call) => {
            // The compiler points at the call that the user wrote.
            let path = quote_spanned!(call.span()=> __nnx::Decides::decides);
            *condition = parse_quote!(#path(#call));
        }
        _ => {}
    }
}

/// Whether the call is one that gives bools by its name.
fn compares(call: &ExprMethodCall) -> bool {
    let name = call.method.to_string();
    matches!(
        &*name,
        "eq" | "ne"
            | "lt"
            | "le"
            | "gt"
            | "ge"
            | "all"
            | "any"
            | "isclose"
            | "allclose"
            | "array_equal"
            | "array_equiv"
            | "is_nan"
            | "is_inf"
            | "is_finite"
            | "logical_and"
            | "logical_or"
            | "logical_xor"
            | "logical_not"
    )
}
