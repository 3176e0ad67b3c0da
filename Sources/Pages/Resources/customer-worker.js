// The shared worker of the customer's page.

import { feed } from "./customer-feed.js";
import { serve } from "./page-worker.js";

serve(feed);
