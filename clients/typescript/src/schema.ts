// Made from openapi.json by `npm run generate`; not to be edited.

export interface paths {
    "/recs/{user}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Any id; nobody need have heard of it.
                 * @example 1
                 */
                user: string;
            };
            cookie?: never;
        };
        /** Recommendations for a user */
        get: operations["getRecs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/recs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Recommendations for many users at once */
        post: operations["postRecs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/session/recs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Recommendations for somebody who looked at some items */
        get: operations["getSessionRecs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/items/{item}/similar": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The item's id.
                 * @example 1082185
                 */
                item: string;
            };
            cookie?: never;
        };
        /** What is next to an item */
        get: operations["getSimilarItems"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take in what users saw and did
         * @description One event, a list, or an object with a list. `text/plain` is read as JSON, too, as beacons send it. A bad event keeps no other one out. When the answer comes, the events are kept.
         */
        post: operations["postEvents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/rank": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Order the caller's candidates for a user */
        post: operations["postRank"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{user}/profile": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Any id; nobody need have heard of it.
                 * @example 1
                 */
                user: string;
            };
            cookie?: never;
        };
        /**
         * What the service knows of a user
         * @description 200 with `known` false and empty lists for an unknown user.
         */
        get: operations["getProfile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{user}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The user's id.
                 * @example 1
                 */
                user: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Forget a user (admin)
         * @description At once nothing is known of the user any more, and events of the user are refused. Files follow with the DAG `forget_users`; `Location` says how far that is. Asking again is safe.
         */
        delete: operations["forgetUser"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{user}/forgetting": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The digest that forgetting answered, or the user's id.
                 * @example 5f0c2a9be1c34d7f8a6b0d1e2f3a4b5c
                 */
                user: string;
            };
            cookie?: never;
        };
        /** How far forgetting a user has come (admin) */
        get: operations["getForgetting"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/features/{kind}/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Of entity: user, item, category, ….
                 * @example user
                 */
                kind: string;
                /**
                 * @description The entity's id.
                 * @example 1
                 */
                id: string;
            };
            cookie?: never;
        };
        /** Features of one entity */
        get: operations["getFeatures"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/features": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Features of many entities */
        post: operations["postFeatures"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The versions that the store keeps, newest first */
        get: operations["getVersions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/versions/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description A version's id.
                 * @example 20180101T000000-3cf50bee92aa-1f0c9ab2
                 */
                version: string;
            };
            cookie?: never;
        };
        /** One version and its provenance */
        get: operations["getVersion"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/versions/{version}/activate": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description A version's id.
                 * @example 20180101T000000-3cf50bee92aa-1f0c9ab2
                 */
                version: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make a version live (admin)
         * @description Past a hold. `hold` sets one with that reason: later nights load their lists and do not show them until it is released.
         */
        post: operations["activateVersion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/hidden": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The items that nobody is shown (admin) */
        get: operations["getHidden"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/items/{item}/hidden": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The item's id.
                 * @example 1082185
                 */
                item: string;
            };
            cookie?: never;
        };
        get?: never;
        /**
         * Show an item to nobody (admin)
         * @description Every process follows within `[serving] poll_every`.
         */
        put: operations["hideItem"];
        post?: never;
        /**
         * Show a hidden item again (admin)
         * @description Every process follows within `[serving] poll_every`.
         */
        delete: operations["unhideItem"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the process answers */
        get: operations["getLive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether there is a list to answer with */
        get: operations["getReady"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The description of every route */
        get: operations["getOpenapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The description as a page */
        get: operations["getDocs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The page that shows lists to people */
        get: operations["getPage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events.js": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Sends what a page's visitors see and click */
        get: operations["getEventsScript"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/page/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists, history and versions as a part of the page
         * @description What `/` shows, as HTML. A parameter without a value counts as left out.
         */
        get: operations["getPageList"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/page/page.css": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Its style */
        get: operations["getPageStyle"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/page/page.js": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Its script */
        get: operations["getPageScript"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description RFC 9457. Members beside the first four depend on what was wrong. */
        Problem: {
            /** Format: uri-reference */
            type: string;
            title: string;
            status: number;
            detail: string;
            /** @description Which parameter or member is wrong. */
            parameter?: string;
            /** @description What stood there. */
            found?: string;
            /** @description What may stand there. */
            expected?: string;
        };
        Reason: {
            code: string;
            text: string;
            item_id: string | null;
        };
        Explanation: {
            generators: string[];
            contributions: {
                feature: string;
                description: string | null;
                share: number;
                /** @enum {string} */
                sign: "+" | "-";
            }[];
        } | null;
        /** @description `fields` chooses members; `explanation` is there with `explain=1`. */
        Item: {
            rank?: number;
            item_id: string;
            score?: number;
            title?: string;
            category?: string;
            reason?: components["schemas"]["Reason"];
            source?: string;
            /** @enum {string} */
            tier?: "personal" | "session" | "segment" | "context" | "trending" | "global" | "static";
            propensity?: number;
            explanation?: components["schemas"]["Explanation"];
        };
        Answer: {
            user_id: string | null;
            surface: string;
            /** @enum {string} */
            served_by: "personal" | "session" | "segment" | "context" | "trending" | "global" | "static";
            items: components["schemas"]["Item"][];
            recommendation_id: string;
            version: string | null;
            model: string | null;
            /** Format: date-time */
            generated_at: string | null;
            /** Format: date-time */
            published_at: string | null;
            stale: boolean;
            experiment: string | null;
            /** @description Names of the rules that applied: with `explain=1`. */
            rules?: string[];
        };
        Answers: {
            answers: components["schemas"]["Answer"][];
        };
        RejectedEvent: {
            index: number;
            /** @enum {unknown} */
            type: "malformed" | "invalid" | "clock_skew" | "recommendation" | "forgotten";
            detail: string;
        };
        ShownItem: {
            item_id: string;
            position?: number | null;
        };
        Impression: {
            /** @constant */
            event_type: "impression";
            /** @description Left out by visitors. */
            user_id?: string | null;
            /**
             * Format: date-time
             * @description When it happened; by default when it is received.
             */
            event_at?: string | null;
            /** @description An event that is sent twice under one id counts once. */
            event_id?: string | null;
            session_id?: string | null;
            recommendation_id: string;
            /** @description The same for one showing of a page. */
            page_view_id: string;
            context?: {
                [key: string]: string | number | boolean | null;
            } | null;
            /** @description What was seen; all items of the answer by default. */
            items?: (number | components["schemas"]["ShownItem"])[] | null;
        };
        Taken: {
            accepted: number;
            rejected: components["schemas"]["RejectedEvent"][];
            /**
             * @description What the accepted events survive: the loss of power (`fsync` in the log, `spool` on the disk of this service), or the end of a process.
             * @enum {unknown}
             */
            durability: "fsync" | "process" | "spool";
        };
        RankedItem: {
            rank: number;
            item_id: string;
            score: number | null;
            /** @enum {unknown} */
            by: "list" | "vectors" | "popularity" | null;
        };
        Ranked: {
            user_id: string | null;
            surface: string;
            items: components["schemas"]["RankedItem"][];
            without: string[];
            hidden: string[];
            /** @enum {unknown} */
            vector_of: "user" | "session" | null;
            version: string | null;
            model: string | null;
            /** Format: date-time */
            generated_at: string | null;
            /** Format: date-time */
            published_at: string | null;
            stale: boolean;
        };
        KnownItem: {
            item_id: string;
            title: string | null;
            category: string | null;
        };
        RecentEvent: {
            event_type: string;
            /** Format: date-time */
            event_at: string;
            item_id: string;
            title: string | null;
            category: string | null;
        };
        StoredList: {
            surface: string;
            stored: boolean;
            n_items: number;
            /** Format: date-time */
            refreshed_at: string | null;
        };
        Profile: {
            user_id: string;
            known: boolean;
            segment: string | null;
            top_categories: string[];
            last_items: components["schemas"]["KnownItem"][];
            recent_events: components["schemas"]["RecentEvent"][];
            lists: components["schemas"]["StoredList"][];
            version: string | null;
            /** Format: date-time */
            generated_at: string | null;
            /** Format: date-time */
            published_at: string | null;
            stale: boolean;
        };
        Forgetting: {
            digest: string;
            /** @enum {string} */
            state: "asked" | "running" | "left over" | "done";
            /** Format: date-time */
            asked_at: string;
            /** Format: date-time */
            changed_at: string;
            /** @description What could not be rewritten yet, and why. */
            left: string[];
        };
        Forgotten: {
            digest: string;
            /** @enum {string} */
            state: "asked" | "running" | "left over" | "done";
            /** Format: date-time */
            asked_at: string;
            /** Format: date-time */
            changed_at: string;
            /** @description What could not be rewritten yet, and why. */
            left: string[];
            removed: number;
        };
        FeatureValues: {
            kind: string;
            /** @description Id → feature → value. */
            features: {
                [key: string]: Record<string, never>;
            };
            /** @description Id → one word for all features, or feature → word. */
            status: {
                [key: string]: ("present" | "null" | "not_found" | "stale") | {
                    [key: string]: "present" | "null" | "not_found" | "stale";
                };
            };
            /** Format: date-time */
            computed_at: string | null;
            /** Format: date-time */
            published_at: string | null;
            version: string;
        };
        Pointer: {
            version: string | null;
            generation: number;
            hold: string | null;
        };
        Version: {
            version: string;
            /** @enum {string} */
            state: "loading" | "ready" | "retiring";
            live: boolean;
            /** Format: date-time */
            as_of: string;
            /** Format: date-time */
            created: string;
            /** Format: date-time */
            published_at: string | null;
            /** Format: date-time */
            deactivated_at: string | null;
            model: string | null;
            surfaces: string[];
            /** @description Surface → metric → value. */
            metrics: Record<string, never>;
        };
        Versions: {
            active: components["schemas"]["Pointer"];
            versions: components["schemas"]["Version"][];
        };
        VersionDetails: {
            version: string;
            /** @enum {string} */
            state: "loading" | "ready" | "retiring";
            live: boolean;
            /** Format: date-time */
            as_of: string;
            /** Format: date-time */
            created: string;
            /** Format: date-time */
            published_at: string | null;
            /** Format: date-time */
            deactivated_at: string | null;
            model: string | null;
            surfaces: string[];
            /** @description Surface → metric → value. */
            metrics: Record<string, never>;
            /** @description What the night wrote of it; null while it is loading. */
            manifest: Record<string, never> | null;
        };
        Activated: {
            before: components["schemas"]["Pointer"];
            after: components["schemas"]["Pointer"];
        };
        Hiding: {
            item_id: string;
            hidden: boolean;
            changed: boolean;
        };
        Hidden: {
            n: number;
            items: string[];
        };
        Live: {
            /** @constant */
            status: "live";
        };
        Ready: {
            /** @enum {string} */
            status: "ready" | "degraded" | "not ready";
            version: string | null;
            generation: number | null;
            hold: string | null;
            checks: {
                [key: string]: string;
            };
        };
    };
    responses: {
        /** @description The request is not HTTP, not UTF-8, or its body is no JSON object. */
        400: {
            headers: {
                /** @description The request's own, or one made for it. */
                "X-Request-ID"?: string;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Bad Request",
                 *       "status": 400,
                 *       "detail": "The path is not UTF-8: found byte ff; expected text in UTF-8, percent-encoded byte by byte."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description A key or token is needed, or is not valid. */
        401: {
            headers: {
                /** @description The request's own, or one made for it. */
                "X-Request-ID"?: string;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Unauthorized",
                 *       "status": 401,
                 *       "detail": "A key is needed."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The key or the address may not do this. */
        403: {
            headers: {
                /** @description The request's own, or one made for it. */
                "X-Request-ID"?: string;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Forbidden",
                 *       "status": 403,
                 *       "detail": "An admin's key is needed."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no such path. */
        404: {
            headers: {
                /** @description The request's own, or one made for it. */
                "X-Request-ID"?: string;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Not Found",
                 *       "status": 404,
                 *       "detail": "The requested URL was not found on the server."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The route has no such method; `Allow` names those it has. */
        405: {
            headers: {
                /** @description The request's own, or one made for it. */
                "X-Request-ID"?: string;
                /** @description Methods of the route. */
                Allow?: string;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Method Not Allowed",
                 *       "status": 405,
                 *       "detail": "The method is not allowed for the requested URL."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The rest of the body did not come. */
        408: {
            headers: {
                /** @description The request's own, or one made for it. */
                "X-Request-ID"?: string;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Request Timeout",
                 *       "status": 408,
                 *       "detail": "The rest of the body did not come."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The version is not complete, or is being retired. */
        409: {
            headers: {
                /** @description The request's own, or one made for it. */
                "X-Request-ID"?: string;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Conflict",
                 *       "status": 409,
                 *       "detail": "version 20180101T000000-3cf50bee92aa-1f0c9ab2 is loading, not complete; `python -m pipelines publish --run 20180101T000000-3cf50bee92aa --no-activate` completes it."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is too large, said beforehand or not. */
        413: {
            headers: {
                /** @description The request's own, or one made for it. */
                "X-Request-ID"?: string;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Request Entity Too Large",
                 *       "status": 413,
                 *       "detail": "The body is larger than 4000000 bytes, which is the limit."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The query is too long. */
        414: {
            headers: {
                /** @description The request's own, or one made for it. */
                "X-Request-ID"?: string;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Request-URI Too Long",
                 *       "status": 414,
                 *       "detail": "The query has 8100 bytes; expected at most 8000."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is of another type than JSON, or compressed. */
        415: {
            headers: {
                /** @description The request's own, or one made for it. */
                "X-Request-ID"?: string;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Unsupported Media Type",
                 *       "status": 415,
                 *       "detail": "The body is 'text/plain'; expected application/json."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description A parameter, an id or a member of the body has an impossible value. */
        422: {
            headers: {
                /** @description The request's own, or one made for it. */
                "X-Request-ID"?: string;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Unprocessable Entity",
                 *       "status": 422,
                 *       "detail": "n = '0': expected a whole number from 1 to 100",
                 *       "parameter": "n",
                 *       "found": "0",
                 *       "expected": "a whole number from 1 to 100"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Too many requests; `Retry-After` says when again. */
        429: {
            headers: {
                /** @description The request's own, or one made for it. */
                "X-Request-ID"?: string;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Too Many Requests",
                 *       "status": 429,
                 *       "detail": "Too many requests."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description An error of this service. */
        500: {
            headers: {
                /** @description The request's own, or one made for it. */
                "X-Request-ID"?: string;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Internal Server Error",
                 *       "status": 500,
                 *       "detail": "An error of this service; its log has the trace."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The store does not answer, and this route has nothing else: try again later. */
        503: {
            headers: {
                /** @description The request's own, or one made for it. */
                "X-Request-ID"?: string;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Service Unavailable",
                 *       "status": 503,
                 *       "detail": "The store does not answer."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The live version has no lists for that surface. */
        "404Surface": {
            headers: {
                /** @description The request's own, or one made for it. */
                "X-Request-ID"?: string;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Not Found",
                 *       "status": 404,
                 *       "detail": "surface = 'hme': expected one of home, discover",
                 *       "parameter": "surface",
                 *       "found": "hme",
                 *       "expected": "one of home, discover",
                 *       "surfaces": [
                 *         "home",
                 *         "discover"
                 *       ]
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The live version has no features of that kind. */
        "404Kind": {
            headers: {
                /** @description The request's own, or one made for it. */
                "X-Request-ID"?: string;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Not Found",
                 *       "status": 404,
                 *       "detail": "kind = 'users': expected one of user, item; did you mean user?",
                 *       "parameter": "kind",
                 *       "found": "users",
                 *       "expected": "one of user, item; did you mean user?",
                 *       "kinds": [
                 *         "user",
                 *         "item"
                 *       ]
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The store keeps no such version. */
        "404Version": {
            headers: {
                /** @description The request's own, or one made for it. */
                "X-Request-ID"?: string;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Not Found",
                 *       "status": 404,
                 *       "detail": "version = '1': expected one of 20180101T000000-3cf50bee92aa-1f0c9ab2",
                 *       "parameter": "version",
                 *       "found": "1",
                 *       "expected": "one of 20180101T000000-3cf50bee92aa-1f0c9ab2",
                 *       "versions": [
                 *         "20180101T000000-3cf50bee92aa-1f0c9ab2"
                 *       ]
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Nobody of that digest or id was forgotten. */
        "404User": {
            headers: {
                /** @description The request's own, or one made for it. */
                "X-Request-ID"?: string;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Not Found",
                 *       "status": 404,
                 *       "detail": "user = '1': expected a user, or the digest of one, who was forgotten",
                 *       "parameter": "user",
                 *       "found": "1",
                 *       "expected": "a user, or the digest of one, who was forgotten"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description All events are of users who were forgotten. */
        "409Forgotten": {
            headers: {
                /** @description The request's own, or one made for it. */
                "X-Request-ID"?: string;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Conflict",
                 *       "status": 409,
                 *       "detail": "None of 1 events can be taken in; the first: user_id: this user was forgotten"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getRecs: {
        parameters: {
            query?: {
                /**
                 * @description How many items.
                 * @example 5
                 */
                n?: number;
                /**
                 * @description Items to pass over, as those of earlier pages.
                 * @example 10
                 */
                offset?: number;
                /**
                 * @description Which lists, one of the live version's surfaces.
                 * @example home
                 */
                surface?: string;
                /**
                 * @description Items to leave out, repeated or between commas.
                 * @example [
                 *       "1082185",
                 *       "981760"
                 *     ]
                 */
                exclude?: string[];
                /**
                 * @description Only items of these categories, repeated.
                 * @example [
                 *       "Soft Drinks"
                 *     ]
                 */
                category?: string[];
                /**
                 * @description Only items of at least this score.
                 * @example 0.25
                 */
                min_score?: number;
                /**
                 * @description Whether to show what the user had; without it as the surface does.
                 * @example drop
                 */
                seen?: "keep" | "drop";
                /**
                 * @description 1: say what speaks for the first items.
                 * @example 1
                 */
                explain?: "0" | "1";
                /**
                 * @description Members of an item, repeated or between commas; `item_id` is always there.
                 * @example [
                 *       "title",
                 *       "score"
                 *     ]
                 */
                fields?: ("rank" | "item_id" | "score" | "title" | "category" | "reason" | "source" | "tier" | "propensity" | "explanation")[];
                /**
                 * @description Of the situation.
                 * @example phone
                 */
                device?: string;
                /**
                 * @description Of the situation: the hour of the user's day.
                 * @example 18
                 */
                hour?: number;
                /**
                 * @description Of the situation.
                 * @example NL
                 */
                country?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of an answer held already; 304 while it is still that one.
                 * @example "9f86d081884c7d65"
                 */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Any id; nobody need have heard of it.
                 * @example 1
                 */
                user: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The items, best first. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    /** @description Of the meaning, for `If-None-Match`. */
                    ETag?: string;
                    /** @description The version answered from. */
                    "X-Recs-Version"?: string;
                    /** @description The tier of the first item. */
                    "X-Recs-Tier"?: string;
                    /** @description Milliseconds spent, by part. */
                    "Server-Timing"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "user_id": "1",
                     *       "surface": "home",
                     *       "served_by": "personal",
                     *       "items": [
                     *         {
                     *           "rank": 1,
                     *           "item_id": "1082185",
                     *           "score": 0.93,
                     *           "title": "Bananas",
                     *           "category": "TROPICAL FRUIT",
                     *           "reason": {
                     *             "code": "had",
                     *             "text": "You bought this before",
                     *             "item_id": null
                     *           },
                     *           "source": "own_most_frequent",
                     *           "tier": "personal",
                     *           "propensity": 1
                     *         }
                     *       ],
                     *       "recommendation_id": "MQBmM2E4YzE3ZTlkMDEAAGhvbWUAZGVmYXVsdAAwAHA0Mg.qT3q0Yl2mKx1cZ8v9sWn4A",
                     *       "version": "20180101T000000-3cf50bee92aa-1f0c9ab2",
                     *       "model": "ranker",
                     *       "generated_at": "2018-01-01T00:00:00Z",
                     *       "published_at": "2018-01-01T04:12:09.123456Z",
                     *       "stale": false,
                     *       "experiment": null
                     *     }
                     */
                    "application/json": components["schemas"]["Answer"];
                };
            };
            /** @description What was held already is still the answer. */
            304: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    /** @description Of the meaning, for `If-None-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404Surface"];
            414: components["responses"]["414"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
        };
    };
    postRecs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    users: string[];
                    /** @default 10 */
                    n?: number;
                    /** @default 0 */
                    offset?: number;
                    /** @default home */
                    surface?: string;
                    exclude?: string[];
                    category?: string[];
                    min_score?: number;
                    /** @enum {string} */
                    seen?: "keep" | "drop";
                    /** @default false */
                    explain?: boolean;
                    fields?: ("rank" | "item_id" | "score" | "title" | "category" | "reason" | "source" | "tier" | "propensity" | "explanation")[];
                    device?: string;
                    hour?: number;
                    country?: string;
                };
            };
        };
        responses: {
            /** @description An answer for each user, in their order. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    /** @description The version answered from. */
                    "X-Recs-Version"?: string;
                    /** @description Milliseconds spent, by part. */
                    "Server-Timing"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "answers": [
                     *         {
                     *           "user_id": "1",
                     *           "surface": "home",
                     *           "served_by": "personal",
                     *           "items": [
                     *             {
                     *               "rank": 1,
                     *               "item_id": "1082185",
                     *               "score": 0.93,
                     *               "title": "Bananas",
                     *               "category": "TROPICAL FRUIT",
                     *               "reason": {
                     *                 "code": "had",
                     *                 "text": "You bought this before",
                     *                 "item_id": null
                     *               },
                     *               "source": "own_most_frequent",
                     *               "tier": "personal",
                     *               "propensity": 1
                     *             }
                     *           ],
                     *           "recommendation_id": "MQBmM2E4YzE3ZTlkMDEAAGhvbWUAZGVmYXVsdAAwAHA0Mg.qT3q0Yl2mKx1cZ8v9sWn4A",
                     *           "version": "20180101T000000-3cf50bee92aa-1f0c9ab2",
                     *           "model": "ranker",
                     *           "generated_at": "2018-01-01T00:00:00Z",
                     *           "published_at": "2018-01-01T04:12:09.123456Z",
                     *           "stale": false,
                     *           "experiment": null
                     *         },
                     *         {
                     *           "user_id": "2",
                     *           "surface": "home",
                     *           "served_by": "personal",
                     *           "items": [
                     *             {
                     *               "rank": 1,
                     *               "item_id": "1082185",
                     *               "score": 0.93,
                     *               "title": "Bananas",
                     *               "category": "TROPICAL FRUIT",
                     *               "reason": {
                     *                 "code": "had",
                     *                 "text": "You bought this before",
                     *                 "item_id": null
                     *               },
                     *               "source": "own_most_frequent",
                     *               "tier": "personal",
                     *               "propensity": 1
                     *             }
                     *           ],
                     *           "recommendation_id": "MQBmM2E4YzE3ZTlkMDEAAGhvbWUAZGVmYXVsdAAwAHA0Mg.qT3q0Yl2mKx1cZ8v9sWn4A",
                     *           "version": "20180101T000000-3cf50bee92aa-1f0c9ab2",
                     *           "model": "ranker",
                     *           "generated_at": "2018-01-01T00:00:00Z",
                     *           "published_at": "2018-01-01T04:12:09.123456Z",
                     *           "stale": false,
                     *           "experiment": null
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Answers"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404Surface"];
            408: components["responses"]["408"];
            413: components["responses"]["413"];
            414: components["responses"]["414"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
        };
    };
    getSessionRecs: {
        parameters: {
            query: {
                /**
                 * @description What was looked at, newest first, 1 to 50 ids repeated or between commas.
                 * @example [
                 *       "1082185",
                 *       "981760"
                 *     ]
                 */
                items: string[];
                /**
                 * @description How many items.
                 * @example 5
                 */
                n?: number;
                /**
                 * @description Items to pass over, as those of earlier pages.
                 * @example 10
                 */
                offset?: number;
                /**
                 * @description Which lists, one of the live version's surfaces.
                 * @example home
                 */
                surface?: string;
                /**
                 * @description Items to leave out, repeated or between commas.
                 * @example [
                 *       "1082185",
                 *       "981760"
                 *     ]
                 */
                exclude?: string[];
                /**
                 * @description Only items of these categories, repeated.
                 * @example [
                 *       "Soft Drinks"
                 *     ]
                 */
                category?: string[];
                /**
                 * @description Only items of at least this score.
                 * @example 0.25
                 */
                min_score?: number;
                /**
                 * @description Whether to show what the user had; without it as the surface does.
                 * @example drop
                 */
                seen?: "keep" | "drop";
                /**
                 * @description 1: say what speaks for the first items.
                 * @example 1
                 */
                explain?: "0" | "1";
                /**
                 * @description Members of an item, repeated or between commas; `item_id` is always there.
                 * @example [
                 *       "title",
                 *       "score"
                 *     ]
                 */
                fields?: ("rank" | "item_id" | "score" | "title" | "category" | "reason" | "source" | "tier" | "propensity" | "explanation")[];
                /**
                 * @description Of the situation.
                 * @example phone
                 */
                device?: string;
                /**
                 * @description Of the situation: the hour of the user's day.
                 * @example 18
                 */
                hour?: number;
                /**
                 * @description Of the situation.
                 * @example NL
                 */
                country?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of an answer held already; 304 while it is still that one.
                 * @example "9f86d081884c7d65"
                 */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The items, best first. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    /** @description Of the meaning, for `If-None-Match`. */
                    ETag?: string;
                    /** @description The version answered from. */
                    "X-Recs-Version"?: string;
                    /** @description The tier of the first item. */
                    "X-Recs-Tier"?: string;
                    /** @description Milliseconds spent, by part. */
                    "Server-Timing"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "user_id": null,
                     *       "surface": "home",
                     *       "served_by": "session",
                     *       "items": [
                     *         {
                     *           "rank": 1,
                     *           "item_id": "1082185",
                     *           "score": 0.93,
                     *           "title": "Bananas",
                     *           "category": "TROPICAL FRUIT",
                     *           "reason": {
                     *             "code": "had",
                     *             "text": "You bought this before",
                     *             "item_id": null
                     *           },
                     *           "source": "item_item",
                     *           "tier": "session",
                     *           "propensity": 1
                     *         }
                     *       ],
                     *       "recommendation_id": "MQBmM2E4YzE3ZTlkMDEAAGhvbWUAZGVmYXVsdAAwAHA0Mg.qT3q0Yl2mKx1cZ8v9sWn4A",
                     *       "version": "20180101T000000-3cf50bee92aa-1f0c9ab2",
                     *       "model": "ranker",
                     *       "generated_at": "2018-01-01T00:00:00Z",
                     *       "published_at": "2018-01-01T04:12:09.123456Z",
                     *       "stale": false,
                     *       "experiment": null
                     *     }
                     */
                    "application/json": components["schemas"]["Answer"];
                };
            };
            /** @description What was held already is still the answer. */
            304: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    /** @description Of the meaning, for `If-None-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404Surface"];
            414: components["responses"]["414"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
        };
    };
    getSimilarItems: {
        parameters: {
            query?: {
                /**
                 * @description How many items.
                 * @example 5
                 */
                n?: number;
                /**
                 * @description Items to pass over, as those of earlier pages.
                 * @example 10
                 */
                offset?: number;
                /**
                 * @description Which lists, one of the live version's surfaces.
                 * @example home
                 */
                surface?: string;
                /**
                 * @description Items to leave out, repeated or between commas.
                 * @example [
                 *       "1082185",
                 *       "981760"
                 *     ]
                 */
                exclude?: string[];
                /**
                 * @description Only items of these categories, repeated.
                 * @example [
                 *       "Soft Drinks"
                 *     ]
                 */
                category?: string[];
                /**
                 * @description Only items of at least this score.
                 * @example 0.25
                 */
                min_score?: number;
                /**
                 * @description Whether to show what the user had; without it as the surface does.
                 * @example drop
                 */
                seen?: "keep" | "drop";
                /**
                 * @description 1: say what speaks for the first items.
                 * @example 1
                 */
                explain?: "0" | "1";
                /**
                 * @description Members of an item, repeated or between commas; `item_id` is always there.
                 * @example [
                 *       "title",
                 *       "score"
                 *     ]
                 */
                fields?: ("rank" | "item_id" | "score" | "title" | "category" | "reason" | "source" | "tier" | "propensity" | "explanation")[];
                /**
                 * @description Of the situation.
                 * @example phone
                 */
                device?: string;
                /**
                 * @description Of the situation: the hour of the user's day.
                 * @example 18
                 */
                hour?: number;
                /**
                 * @description Of the situation.
                 * @example NL
                 */
                country?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of an answer held already; 304 while it is still that one.
                 * @example "9f86d081884c7d65"
                 */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description The item's id.
                 * @example 1082185
                 */
                item: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The items, best first. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    /** @description Of the meaning, for `If-None-Match`. */
                    ETag?: string;
                    /** @description The version answered from. */
                    "X-Recs-Version"?: string;
                    /** @description The tier of the first item. */
                    "X-Recs-Tier"?: string;
                    /** @description Milliseconds spent, by part. */
                    "Server-Timing"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "user_id": null,
                     *       "surface": "home",
                     *       "served_by": "session",
                     *       "items": [
                     *         {
                     *           "rank": 1,
                     *           "item_id": "1082185",
                     *           "score": 0.93,
                     *           "title": "Bananas",
                     *           "category": "TROPICAL FRUIT",
                     *           "reason": {
                     *             "code": "had",
                     *             "text": "You bought this before",
                     *             "item_id": null
                     *           },
                     *           "source": "item_item",
                     *           "tier": "session",
                     *           "propensity": 1
                     *         }
                     *       ],
                     *       "recommendation_id": "MQBmM2E4YzE3ZTlkMDEAAGhvbWUAZGVmYXVsdAAwAHA0Mg.qT3q0Yl2mKx1cZ8v9sWn4A",
                     *       "version": "20180101T000000-3cf50bee92aa-1f0c9ab2",
                     *       "model": "ranker",
                     *       "generated_at": "2018-01-01T00:00:00Z",
                     *       "published_at": "2018-01-01T04:12:09.123456Z",
                     *       "stale": false,
                     *       "experiment": null
                     *     }
                     */
                    "application/json": components["schemas"]["Answer"];
                };
            };
            /** @description What was held already is still the answer. */
            304: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    /** @description Of the meaning, for `If-None-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404Surface"];
            414: components["responses"]["414"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
        };
    };
    postEvents: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @enum {string} */
                    event_type: "view" | "click" | "like" | "share" | "purchase";
                    user_id: string;
                    item_id: string;
                    /**
                     * Format: date-time
                     * @description When it happened; by default when it is received.
                     */
                    event_at?: string | null;
                    /** @description An event that is sent twice under one id counts once. */
                    event_id?: string | null;
                    session_id?: string | null;
                    /** @description Of the answer that the item was shown in. */
                    recommendation_id?: string | null;
                    page_view_id?: string | null;
                    context?: {
                        [key: string]: string | number | boolean | null;
                    } | null;
                    value?: number | string | null;
                    quantity?: number | string | null;
                    position?: number | null;
                } | components["schemas"]["Impression"] | ({
                    /** @enum {string} */
                    event_type: "view" | "click" | "like" | "share" | "purchase";
                    user_id: string;
                    item_id: string;
                    /**
                     * Format: date-time
                     * @description When it happened; by default when it is received.
                     */
                    event_at?: string | null;
                    /** @description An event that is sent twice under one id counts once. */
                    event_id?: string | null;
                    session_id?: string | null;
                    /** @description Of the answer that the item was shown in. */
                    recommendation_id?: string | null;
                    page_view_id?: string | null;
                    context?: {
                        [key: string]: string | number | boolean | null;
                    } | null;
                    value?: number | string | null;
                    quantity?: number | string | null;
                    position?: number | null;
                } | components["schemas"]["Impression"])[] | {
                    events: ({
                        /** @enum {string} */
                        event_type: "view" | "click" | "like" | "share" | "purchase";
                        user_id: string;
                        item_id: string;
                        /**
                         * Format: date-time
                         * @description When it happened; by default when it is received.
                         */
                        event_at?: string | null;
                        /** @description An event that is sent twice under one id counts once. */
                        event_id?: string | null;
                        session_id?: string | null;
                        /** @description Of the answer that the item was shown in. */
                        recommendation_id?: string | null;
                        page_view_id?: string | null;
                        context?: {
                            [key: string]: string | number | boolean | null;
                        } | null;
                        value?: number | string | null;
                        quantity?: number | string | null;
                        position?: number | null;
                    } | components["schemas"]["Impression"])[];
                };
            };
        };
        responses: {
            /** @description All events are taken in. */
            202: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "accepted": 1,
                     *       "rejected": [],
                     *       "durability": "fsync"
                     *     }
                     */
                    "application/json": components["schemas"]["Taken"];
                };
            };
            /** @description Some events are bad, the others are taken in. */
            207: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "accepted": 1,
                     *       "rejected": [
                     *         {
                     *           "index": 1,
                     *           "type": "invalid",
                     *           "detail": "position = 0: expected a whole number from 1 to 10000"
                     *         }
                     *       ],
                     *       "durability": "fsync"
                     *     }
                     */
                    "application/json": components["schemas"]["Taken"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            408: components["responses"]["408"];
            409: components["responses"]["409Forgotten"];
            413: components["responses"]["413"];
            414: components["responses"]["414"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    postRank: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    items: string[];
                    user_id?: string | null;
                    /** @default home */
                    surface?: string;
                    session?: string[];
                };
            };
        };
        responses: {
            /** @description The items, best first. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    /** @description The version answered from. */
                    "X-Recs-Version"?: string;
                    /** @description Milliseconds spent, by part. */
                    "Server-Timing"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "user_id": "1",
                     *       "surface": "home",
                     *       "items": [
                     *         {
                     *           "rank": 1,
                     *           "item_id": "1082185",
                     *           "score": 0.93,
                     *           "by": "list"
                     *         },
                     *         {
                     *           "rank": 2,
                     *           "item_id": "981760",
                     *           "score": null,
                     *           "by": null
                     *         }
                     *       ],
                     *       "without": [
                     *         "981760"
                     *       ],
                     *       "hidden": [],
                     *       "vector_of": null,
                     *       "version": "20180101T000000-3cf50bee92aa-1f0c9ab2",
                     *       "model": "ranker",
                     *       "generated_at": "2018-01-01T00:00:00Z",
                     *       "published_at": "2018-01-01T04:12:09.123456Z",
                     *       "stale": false
                     *     }
                     */
                    "application/json": components["schemas"]["Ranked"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404Surface"];
            408: components["responses"]["408"];
            413: components["responses"]["413"];
            414: components["responses"]["414"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
        };
    };
    getProfile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Any id; nobody need have heard of it.
                 * @example 1
                 */
                user: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is known. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "user_id": "1",
                     *       "known": true,
                     *       "segment": "Frequent big baskets",
                     *       "top_categories": [
                     *         "Soft Drinks",
                     *         "Tropical Fruit"
                     *       ],
                     *       "last_items": [
                     *         {
                     *           "item_id": "1082185",
                     *           "title": "Bananas",
                     *           "category": "TROPICAL FRUIT"
                     *         }
                     *       ],
                     *       "recent_events": [
                     *         {
                     *           "event_type": "click",
                     *           "event_at": "2018-01-01T09:30:00.000Z",
                     *           "item_id": "1082185",
                     *           "title": "Bananas",
                     *           "category": "TROPICAL FRUIT"
                     *         }
                     *       ],
                     *       "lists": [
                     *         {
                     *           "surface": "home",
                     *           "stored": true,
                     *           "n_items": 100,
                     *           "refreshed_at": "2018-01-01T09:35:00.000Z"
                     *         },
                     *         {
                     *           "surface": "discover",
                     *           "stored": true,
                     *           "n_items": 100,
                     *           "refreshed_at": null
                     *         }
                     *       ],
                     *       "version": "20180101T000000-3cf50bee92aa-1f0c9ab2",
                     *       "generated_at": "2018-01-01T00:00:00Z",
                     *       "published_at": "2018-01-01T04:12:09.123456Z",
                     *       "stale": false
                     *     }
                     */
                    "application/json": components["schemas"]["Profile"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            414: components["responses"]["414"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    forgetUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The user's id.
                 * @example 1
                 */
                user: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The user is forgotten; files follow. */
            202: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "digest": "5f0c2a9be1c34d7f8a6b0d1e2f3a4b5c",
                     *       "state": "asked",
                     *       "asked_at": "2018-01-02T09:30:00.123456Z",
                     *       "changed_at": "2018-01-02T09:30:00.123456Z",
                     *       "left": [],
                     *       "removed": 5
                     *     }
                     */
                    "application/json": components["schemas"]["Forgotten"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            414: components["responses"]["414"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    getForgetting: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The digest that forgetting answered, or the user's id.
                 * @example 5f0c2a9be1c34d7f8a6b0d1e2f3a4b5c
                 */
                user: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The state. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "digest": "5f0c2a9be1c34d7f8a6b0d1e2f3a4b5c",
                     *       "state": "done",
                     *       "asked_at": "2018-01-02T09:30:00.123456Z",
                     *       "changed_at": "2018-01-02T10:00:41.654321Z",
                     *       "left": []
                     *     }
                     */
                    "application/json": components["schemas"]["Forgetting"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404User"];
            414: components["responses"]["414"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    getFeatures: {
        parameters: {
            query?: {
                /**
                 * @description `<table>.<column>`, or `<table>` for all its columns, repeated or between commas.
                 * @example [
                 *       "user_segment",
                 *       "user_history.user_gap_days"
                 *     ]
                 */
                features?: string[];
            };
            header?: {
                /**
                 * @description The `ETag` of an answer held already; 304 while it is still that one.
                 * @example "9f86d081884c7d65"
                 */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Of entity: user, item, category, ….
                 * @example user
                 */
                kind: string;
                /**
                 * @description The entity's id.
                 * @example 1
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Values and statuses. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    /** @description Of the meaning, for `If-None-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "kind": "user",
                     *       "features": {
                     *         "1": {
                     *           "user_segment.segment": "Frequent big baskets",
                     *           "user_history.user_gap_days": 3.5
                     *         }
                     *       },
                     *       "status": {
                     *         "1": "present"
                     *       },
                     *       "computed_at": "2018-01-01T00:00:00Z",
                     *       "published_at": "2018-01-01T04:12:09.123456Z",
                     *       "version": "20180101T000000-3cf50bee92aa-1f0c9ab2"
                     *     }
                     */
                    "application/json": components["schemas"]["FeatureValues"];
                };
            };
            /** @description What was held already is still the answer. */
            304: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    /** @description Of the meaning, for `If-None-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404Kind"];
            414: components["responses"]["414"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    postFeatures: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    kind: string;
                    ids: string[];
                    features?: string[];
                };
            };
        };
        responses: {
            /** @description Values and statuses. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    /** @description Milliseconds spent, by part. */
                    "Server-Timing"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "kind": "user",
                     *       "features": {
                     *         "1": {
                     *           "user_segment.segment": "Frequent big baskets",
                     *           "user_history.user_gap_days": 3.5
                     *         },
                     *         "nobody": {
                     *           "user_segment.segment": null,
                     *           "user_history.user_gap_days": null
                     *         }
                     *       },
                     *       "status": {
                     *         "1": "present",
                     *         "nobody": "not_found"
                     *       },
                     *       "computed_at": "2018-01-01T00:00:00Z",
                     *       "published_at": "2018-01-01T04:12:09.123456Z",
                     *       "version": "20180101T000000-3cf50bee92aa-1f0c9ab2"
                     *     }
                     */
                    "application/json": components["schemas"]["FeatureValues"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404Kind"];
            408: components["responses"]["408"];
            413: components["responses"]["413"];
            414: components["responses"]["414"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    getVersions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is live, and what else there is. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "active": {
                     *         "version": "20180101T000000-3cf50bee92aa-1f0c9ab2",
                     *         "generation": 7,
                     *         "hold": null
                     *       },
                     *       "versions": [
                     *         {
                     *           "version": "20180101T000000-3cf50bee92aa-1f0c9ab2",
                     *           "state": "ready",
                     *           "live": true,
                     *           "as_of": "2018-01-01T00:00:00Z",
                     *           "created": "2018-01-01T04:11:58.020304Z",
                     *           "published_at": "2018-01-01T04:12:09.123456Z",
                     *           "deactivated_at": null,
                     *           "model": "ranker",
                     *           "surfaces": [
                     *             "home",
                     *             "discover"
                     *           ],
                     *           "metrics": {
                     *             "home": {
                     *               "ndcg@20": 0.36
                     *             }
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Versions"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            414: components["responses"]["414"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    getVersion: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description A version's id.
                 * @example 20180101T000000-3cf50bee92aa-1f0c9ab2
                 */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The version. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "version": "20180101T000000-3cf50bee92aa-1f0c9ab2",
                     *       "state": "ready",
                     *       "live": true,
                     *       "as_of": "2018-01-01T00:00:00Z",
                     *       "created": "2018-01-01T04:11:58.020304Z",
                     *       "published_at": "2018-01-01T04:12:09.123456Z",
                     *       "deactivated_at": null,
                     *       "model": "ranker",
                     *       "surfaces": [
                     *         "home",
                     *         "discover"
                     *       ],
                     *       "metrics": {
                     *         "home": {
                     *           "ndcg@20": 0.36
                     *         }
                     *       },
                     *       "manifest": {
                     *         "run_id": "20180101T000000-3cf50bee92aa",
                     *         "as_of": "2018-01-01T00:00:00",
                     *         "model": "ranker"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["VersionDetails"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404Version"];
            414: components["responses"]["414"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    activateVersion: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description A version's id.
                 * @example 20180101T000000-3cf50bee92aa-1f0c9ab2
                 */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    hold?: string | null;
                };
            };
        };
        responses: {
            /** @description The pointer before and after. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "before": {
                     *         "version": "20180101T000000-3cf50bee92aa-1f0c9ab2",
                     *         "generation": 7,
                     *         "hold": null
                     *       },
                     *       "after": {
                     *         "version": "20180101T000000-3cf50bee92aa-1f0c9ab2",
                     *         "generation": 8,
                     *         "hold": "the lists of Tuesday show toys alone"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Activated"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404Version"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            414: components["responses"]["414"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    getHidden: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Their ids. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "n": 1,
                     *       "items": [
                     *         "1082185"
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Hidden"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            414: components["responses"]["414"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    hideItem: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The item's id.
                 * @example 1082185
                 */
                item: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether anything changed. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "item_id": "1082185",
                     *       "hidden": true,
                     *       "changed": true
                     *     }
                     */
                    "application/json": components["schemas"]["Hiding"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            414: components["responses"]["414"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    unhideItem: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The item's id.
                 * @example 1082185
                 */
                item: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether anything changed. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "item_id": "1082185",
                     *       "hidden": false,
                     *       "changed": true
                     *     }
                     */
                    "application/json": components["schemas"]["Hiding"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            414: components["responses"]["414"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            503: components["responses"]["503"];
        };
    };
    getLive: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It does. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "live"
                     *     }
                     */
                    "application/json": components["schemas"]["Live"];
                };
            };
            400: components["responses"]["400"];
            414: components["responses"]["414"];
            500: components["responses"]["500"];
        };
    };
    getReady: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description There is; `checks` says what else. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ready",
                     *       "version": "20180101T000000-3cf50bee92aa-1f0c9ab2",
                     *       "generation": 7,
                     *       "hold": null,
                     *       "checks": {
                     *         "store": "ok",
                     *         "lists": "ok",
                     *         "age": "ok",
                     *         "fallback": "ok"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Ready"];
                };
            };
            400: components["responses"]["400"];
            414: components["responses"]["414"];
            500: components["responses"]["500"];
            /** @description There is none. */
            503: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "not ready",
                     *       "version": null,
                     *       "generation": null,
                     *       "hold": null,
                     *       "checks": {
                     *         "store": "not reached; answering from the lists held here",
                     *         "lists": "no version read since this process started",
                     *         "age": "nothing was published yet",
                     *         "fallback": "no list to fall back on"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Ready"];
                };
            };
        };
    };
    getOpenapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OpenAPI 3.1. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "openapi": "3.1.0",
                     *       "info": {
                     *         "title": "Nightshelf"
                     *       },
                     *       "paths": {}
                     *     }
                     */
                    "application/json": Record<string, never>;
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            414: components["responses"]["414"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
        };
    };
    getDocs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. Nothing of another host is needed. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /** @example … */
                    "text/html": string;
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            414: components["responses"]["414"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
        };
    };
    getPage: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description With the parameters of `/page/list`; without data while keys are asked for. Nothing of another host is needed. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /** @example … */
                    "text/html": string;
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            414: components["responses"]["414"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
        };
    };
    getEventsScript: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A script for pages of any origin. Nothing of another host is needed. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /** @example … */
                    "text/javascript": string;
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            414: components["responses"]["414"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
        };
    };
    getPageList: {
        parameters: {
            query?: {
                /**
                 * @description Whose list; without one there is none.
                 * @example 1
                 */
                user?: string;
                /**
                 * @description Where it is shown.
                 * @example home
                 */
                surface?: string;
                /**
                 * @description A version that is kept; the live one by default.
                 * @example 20180101T000000-3cf50bee92aa-1f0c9ab2
                 */
                version?: string;
                /**
                 * @description A second list beside it: another surface, or the id of another version.
                 * @example 20180101T000000-3cf50bee92aa-1f0c9ab2
                 */
                compare?: string;
                /**
                 * @description Items of a list.
                 * @example 10
                 */
                n?: number;
                /**
                 * @description 1: say what speaks for the first items.
                 * @example 1
                 */
                explain?: "0" | "1";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A part of a page. Nothing of another host is needed. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /** @example … */
                    "text/html": string;
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            /** @description No such surface or version. The page says what is wrong. Nothing of another host is needed. */
            404: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /** @example … */
                    "text/html": string;
                };
            };
            414: components["responses"]["414"];
            /** @description A parameter cannot be read. The page says what is wrong. Nothing of another host is needed. */
            422: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /** @example … */
                    "text/html": string;
                };
            };
            429: components["responses"]["429"];
            500: components["responses"]["500"];
            /** @description A version is not at hand. The page says what is wrong. Nothing of another host is needed. */
            503: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /** @example … */
                    "text/html": string;
                };
            };
        };
    };
    getPageStyle: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A style sheet. Nothing of another host is needed. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /** @example … */
                    "text/css": string;
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            414: components["responses"]["414"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
        };
    };
    getPageScript: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A script. Nothing of another host is needed. */
            200: {
                headers: {
                    /** @description The request's own, or one made for it. */
                    "X-Request-ID"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /** @example … */
                    "text/javascript": string;
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            414: components["responses"]["414"];
            429: components["responses"]["429"];
            500: components["responses"]["500"];
        };
    };
}
