// The shared worker of the rider's page.

import { serve } from "./page-worker.js";
import { feed } from "./rider-feed.js";

serve(feed);
