//! A list of any size, from its first row to its last: page by page from the store, never whole in memory. Nobody waits
//! for the whole of it, so it has no deadline.

use bridge_store::Result;
use bridge_store::desk::Page;
use futures_util::stream::{self, BoxStream, StreamExt};

/// Rows that are read at once.
const PAGE: usize = 250;

/// The rows of a list, as many at once as are read at once. It ends with the first error.
pub type Every<T> = BoxStream<'static, Result<Vec<T>>>;

enum Place<C> {
    Start,
    At(C),
    End,
}

/// Reads page after page with `read`, which is given where the one before ended and how many rows it may answer, until
/// there is none.
pub fn every<T, C, Read, Reading>(read: Read) -> Every<T>
where
    T: Send + 'static,
    C: Send + 'static,
    Read: FnMut(Option<C>, usize) -> Reading + Send + 'static,
    Reading: Future<Output = Result<Page<T, C>>> + Send + 'static,
{
    stream::try_unfold((read, Place::Start), |(mut read, place)| async move {
        let place = match place {
            Place::End => return Ok(None),
            Place::Start => None,
            Place::At(place) => Some(place),
        };
        let page = read(place, PAGE).await?;
        Ok(Some((page.rows, (read, page.next.map_or(Place::End, Place::At)))))
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;

    use super::*;

    #[tokio::test]
    async fn the_next_page_begins_where_the_one_before_ended() {
        let pages = every(|place: Option<u8>, max| async move {
            assert_eq!(max, PAGE);
            let n = place.unwrap_or(0);
            Ok(Page { rows: vec![n], next: (n < 2).then_some(n + 1), scanned_until: None })
        });
        assert_eq!(pages.try_collect::<Vec<_>>().await.unwrap(), [[0], [1], [2]]);
    }

    #[tokio::test]
    async fn an_error_is_the_end() {
        let failed = || bridge_store::StoreError {
            operation: "test",
            kind: bridge_store::StoreFault::Unavailable,
            source: None,
        };
        let pages = every(move |place: Option<u8>, _| {
            let page = Page { rows: vec![0], next: Some(1), scanned_until: None };
            std::future::ready(if place.is_none() { Ok(page) } else { Err(failed()) })
        });
        let read: Vec<bool> = pages.map(|page| page.is_ok()).collect().await;
        assert_eq!(read, [true, false]);
    }
}
