//! The cryptography of HTTPS.

/// Chooses it for the process; one that is chosen already is as good.
pub(crate) fn provide() {
    drop(rustls::crypto::ring::default_provider().install_default());
}
