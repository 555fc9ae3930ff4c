/** @file Attention token by token against its sum, beyond a block of queries. */
import * as forms from "../../../../lib/layers/sequence/forms.ts";
import { testSums } from "../../../layers/sequence/attention_sums.ts";

for (const size of [[64, 4, 2], [65, 8, 1]] as const) testSums(forms.recurrent, size);
