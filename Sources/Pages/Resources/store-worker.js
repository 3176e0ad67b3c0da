// The shared worker of the store's page.

import { serve } from "./page-worker.js";
import { feed } from "./store-feed.js";

serve(feed);
