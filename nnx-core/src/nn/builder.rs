//! The one style in which layers are made.

/// Writes the builder of a layer: its settings with their defaults, and a method for each that
/// changes it.
///
/// `given` are what a layer cannot do without and `hidden` settings whose methods are written by
/// hand; an `optional` setting is `None` until it is set.
macro_rules! builder {
    (
        $(#[$doc:meta])*
        $builder:ident;
        given { $($given:ident: $given_type:ty,)* }
        $(hidden { $($hidden:ident: $hidden_type:ty = $hidden_default:expr,)* })?
        settings { $($(#[$setting_doc:meta])* $setting:ident: $type:ty = $default:expr,)* }
        optional { $($(#[$optional_doc:meta])* $optional:ident: $optional_type:ty,)* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        #[must_use = "a builder makes nothing until `build` is called"]
        pub struct $builder {
            $($given: $given_type,)*
            $($(pub(in crate::nn) $hidden: $hidden_type,)*)?
            $($setting: $type,)*
            $($optional: Option<$optional_type>,)*
        }

        impl $builder {
            fn with_defaults($($given: $given_type),*) -> $builder {
                $builder {
                    $($given,)*
                    $($($hidden: $hidden_default,)*)?
                    $($setting: $default,)*
                    $($optional: None,)*
                }
            }

            $(
                $(#[$setting_doc])*
                pub fn $setting(mut self, $setting: $type) -> $builder {
                    self.$setting = $setting;
                    self
                }
            )*
            $(
                $(#[$optional_doc])*
                pub fn $optional(mut self, $optional: $optional_type) -> $builder {
                    self.$optional = Some($optional);
                    self
                }
            )*
        }
    };
}
pub(crate) use builder;
