//! The list of projects, a page at a time.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod support;

use manifold_store::{ProjectPlace, Projects};
use support::{Store, store};

/// The names on the pages of this size, from `after` on.
async fn names(projects: &Projects, after: Option<ProjectPlace>, limit: u64) -> Vec<String> {
    let (mut names, mut after) = (Vec::new(), after);
    loop {
        let page = projects.page(after.as_ref(), Some(limit)).await.unwrap();
        assert!(page.projects.len() as u64 <= limit);
        let left = projects.count(after.as_ref()).await.unwrap();
        assert_eq!(left > limit, page.next.is_some());
        names.extend(page.projects.into_iter().map(|row| row.name));
        match page.next {
            Some(next) => after = Some(next.to_string().parse().unwrap()),
            None => return names,
        }
    }
}

async fn fill(store: &Store) -> Projects {
    for name in ["b", "A", "ç \"1\"", "a b", "Z", "trash me", "日本", "a%:b"] {
        store.project(name).await;
    }
    let projects = Projects::new(&store.manager);
    let doomed = projects.find("trash me").await.unwrap();
    projects
        .delete(&Projects::id(&doomed).unwrap())
        .await
        .unwrap();
    projects
}

#[tokio::test]
async fn pages_of_any_size_hold_every_project_once_and_in_order() {
    let store = store().await;
    let projects = fill(&store).await;
    let listed = projects.list().await.unwrap();
    let all: Vec<String> = listed.into_iter().map(|row| row.name).collect();
    assert_eq!(all, ["A", "a b", "a%:b", "b", "Z", "ç \"1\"", "日本"]);
    for limit in [1, 2, 3, 6, 7, 8, u64::MAX] {
        assert_eq!(names(&projects, None, limit).await, all, "{limit}");
    }
    let whole = projects.page(None, None).await.unwrap();
    assert_eq!((whole.projects.len(), whole.next), (7, None));
}

#[tokio::test]
async fn a_page_goes_on_although_the_project_before_it_is_gone_or_has_another_name() {
    let store = store().await;
    let projects = fill(&store).await;
    let first = projects.page(None, Some(2)).await.unwrap();
    let last = Projects::id(first.projects.last().unwrap()).unwrap();
    let next = first.next.unwrap();
    projects.rename(&last, "zz").await.unwrap();
    let rest = ["a%:b", "b", "Z", "zz", "ç \"1\"", "日本"];
    assert_eq!(names(&projects, Some(next.clone()), 3).await, rest);
    projects.delete(&last).await.unwrap();
    store.project("a c").await;
    let rest = ["a c", "a%:b", "b", "Z", "ç \"1\"", "日本"];
    let mut found = names(&projects, Some(next), 3).await;
    found.sort();
    let mut rest = rest.map(str::to_owned).to_vec();
    rest.sort();
    assert_eq!(found, rest);
}
