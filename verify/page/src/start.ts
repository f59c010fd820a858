// The page's script: the page itself, and in a worker the search of pictures alone.

import { serve } from './apart.ts';

if (typeof document === 'undefined') serve();
else void import('./ui.ts');
