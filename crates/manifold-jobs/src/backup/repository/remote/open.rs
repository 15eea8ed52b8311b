//! Gets ready to reach a place.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::multipart::MultipartStore;
use object_store::{ClientOptions, Error as Refused, ObjectStore, RetryConfig};
use tokio::runtime::Handle;

use super::variables::{AZURE, GOOGLE, S3, can_sign, is_secret};
use super::{Remote, told};
use crate::backup::BackupError;
use crate::tls;

/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(180);

/// How long a request that failed is made again and again, and how often.
const RETRY: Duration = Duration::from_secs(60);
const RETRIES: usize = 4;

/// The variable that says whether files are deleted one by one.
const BULK: &str = "AWS_DISABLE_BULK_DELETE";

impl Remote {
    /// The place at `address`, which is `whole` with what it refers to in its places. `look_up` gives the variables of
    /// the process. Nothing is asked of the place yet.
    ///
    /// # Errors
    /// [`BackupError::Unreachable`] when address and variables make no sense or credentials are missing; what `look_up`
    /// returns.
    pub(crate) fn open(
        address: &str,
        whole: &str,
        look_up: impl Fn(&str) -> Result<Option<String>, BackupError>,
    ) -> Result<Self, BackupError> {
        tls::provide();
        let unusable = |reason: &str| BackupError::Unreachable {
            action: "use",
            path: PathBuf::from(address),
            reason: reason.to_owned(),
        };
        let (scheme, rest) = whole.split_once("://").unwrap_or_default();
        let prefix = rest.split_once('/').map_or("", |(_, prefix)| prefix);
        let runtime = Handle::try_current().map_err(|_| unusable("no runtime is there"))?;
        let names: &[&str] = match scheme.to_ascii_lowercase().as_str() {
            "s3" | "s3a" => &S3,
            "gs" => &GOOGLE,
            _ => &AZURE,
        };
        let mut given = Vec::new();
        for name in names {
            if let Some(value) = look_up(name)? {
                given.push((*name, value));
            }
        }
        if names.contains(&BULK) && !given.iter().any(|(name, _)| *name == BULK) {
            // Not every server says in a way that is understood which of many files it has deleted.
            given.push((BULK, "true".to_owned()));
        }
        let secrets = given.iter().filter(|(name, _)| is_secret(name));
        let secrets: Vec<_> = secrets.map(|(_, value)| value.clone()).collect();
        let retry = RetryConfig {
            max_retries: RETRIES,
            retry_timeout: RETRY,
            ..RetryConfig::default()
        };
        let options = ClientOptions::new().with_timeout(REQUEST);
        // What is wrong with a value may hold the value.
        let wrong = |error: Refused| unusable(&told(&error, &secrets));
        let bucket = || whole.to_owned();
        macro_rules! built {
            ($builder:ty) => {{
                let builder = <$builder>::new()
                    .with_client_options(options)
                    .with_url(bucket())
                    .with_retry(retry);
                let builder = given.iter().fold(builder, |builder, (name, value)| {
                    match name.to_ascii_lowercase().parse() {
                        Ok(key) => builder.with_config(key, value.as_str()),
                        Err(_) => builder,
                    }
                });
                let store = Arc::new(builder.build().map_err(wrong)?);
                (
                    store.clone() as Arc<dyn ObjectStore>,
                    store as Arc<dyn MultipartStore>,
                )
            }};
        }
        let (objects, parts) = match scheme.to_ascii_lowercase().as_str() {
            "s3" | "s3a" => {
                if !can_sign(&given) {
                    return Err(unusable(
                        "there are no credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set where the job runs",
                    ));
                }
                built!(AmazonS3Builder)
            }
            "gs" => built!(GoogleCloudStorageBuilder),
            "az" | "azure" | "adl" | "abfs" | "abfss" => built!(MicrosoftAzureBuilder),
            _ => return Err(unusable("its scheme is none of s3, gs, az, abfs and file")),
        };
        Ok(Self {
            address: address.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
            objects,
            parts,
            runtime,
            secrets,
        })
    }
}
