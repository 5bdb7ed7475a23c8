//! Where a type speaks of the item that it is a field of.

use crate::parse::Item;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{GenericArgument, GenericParam, Path, PathArguments, PathSegment, Token, Type};

/// How a path names the item.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Itself {
    /// `Self`, or its name with its own parameters.
    Here,
    /// The same, if the item is in the module that `crate::…` names.
    IfIn,
    /// With other arguments, which make another type of it.
    WithOthers,
}

/// Whether a path names the item.
pub(crate) fn mention(item: &Item<'_>, path: &Path) -> Option<Itself> {
    let first = path.segments.first()?;
    let last = path.segments.last()?;
    if path.leading_colon.is_some() {
        return None;
    }
    if path.is_ident("Self") {
        return Some(Itself::Here);
    }
    if last.ident != *item.ident {
        return None;
    }
    let place = match (path.segments.len(), first.ident.to_string().as_str()) {
        (1, _) | (2, "self") => Itself::Here,
        (_, "crate") => Itself::IfIn,
        _ => return None,
    };
    Some(if has_own_parameters(item, last) { place } else { Itself::WithOthers })
}

/// Whether the arguments are the parameters of the item, in their order.
fn has_own_parameters(item: &Item<'_>, segment: &PathSegment) -> bool {
    let none = Punctuated::<GenericArgument, Token![,]>::new();
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => &arguments.args,
        _ => &none,
    };
    let is_own = |argument: &GenericArgument, parameter: &GenericParam| {
        let name = match parameter {
            GenericParam::Type(parameter) => &parameter.ident,
            GenericParam::Const(parameter) => &parameter.ident,
            GenericParam::Lifetime(parameter) => {
                return matches!(argument, GenericArgument::Lifetime(l) if *l == parameter.lifetime);
            }
        };
        match argument {
            GenericArgument::Type(Type::Path(ty)) => ty.qself.is_none() && ty.path.is_ident(name),
            GenericArgument::Const(syn::Expr::Block(block)) => match block.block.stmts.as_slice() {
                [syn::Stmt::Expr(syn::Expr::Path(path), None)] => path.path.is_ident(name),
                _ => false,
            },
            _ => false,
        }
    };
    let parameters = &item.generics.params;
    arguments.len() == parameters.len()
        && arguments.iter().zip(parameters).all(|(argument, parameter)| is_own(argument, parameter))
}

/// Whether a type speaks of the item that it is a field of.
pub(crate) fn mentions_self(item: &Item<'_>, ty: &Type) -> bool {
    struct Search<'a, 'b>(&'a Item<'b>, bool);
    impl<'ast> Visit<'ast> for Search<'_, '_> {
        fn visit_path(&mut self, path: &'ast Path) {
            let starts_with_self = path.segments.first().is_some_and(|first| first.ident == "Self");
            self.1 |= starts_with_self || mention(self.0, path).is_some();
            visit::visit_path(self, path);
        }
    }
    let mut search = Search(item, false);
    search.visit_type(ty);
    search.1
}

/// The first part of a type that is the item with other arguments.
pub(crate) fn with_others<'t>(item: &Item<'_>, ty: &'t Type) -> Option<&'t Type> {
    struct Search<'t, 'a, 'b>(&'a Item<'b>, Option<&'t Type>);
    impl<'t> Visit<'t> for Search<'t, '_, '_> {
        fn visit_type(&mut self, ty: &'t Type) {
            if let Type::Path(path) = ty
                && path.qself.is_none()
                && self.1.is_none()
                && mention(self.0, &path.path) == Some(Itself::WithOthers)
            {
                self.1 = Some(ty);
            }
            visit::visit_type(self, ty);
        }
    }
    let mut search = Search(item, None);
    search.visit_type(ty);
    search.1
}
