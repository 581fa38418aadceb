// Every form that `mailbox.db` has had, in order: the migration at place 0 makes form 1 of an empty database. One that was released is never
// changed; what is needed beside it is one more.
import { form1 } from './form-1.ts';
import { form2 } from './form-2.ts';
import { form3 } from './form-3.ts';
import { form4 } from './form-4.ts';
import { form5 } from './form-5.ts';
import { form6 } from './form-6.ts';
import { form7 } from './form-7.ts';
import { form8 } from './form-8.ts';
import { form9 } from './form-9.ts';
import { form10 } from './form-10.ts';
import { form11 } from './form-11.ts';
import { form12 } from './form-12.ts';
import { form13 } from './form-13.ts';
import { form14 } from './form-14.ts';
import { form15 } from './form-15.ts';
import { form16 } from './form-16.ts';
import { form17 } from './form-17.ts';
import { form18 } from './form-18.ts';
import { form19 } from './form-19.ts';
import { form20 } from './form-20.ts';
import { form21 } from './form-21.ts';
import { form22 } from './form-22.ts';
import { form23 } from './form-23.ts';
import { form24 } from './form-24.ts';
import { form25 } from './form-25.ts';
import { form26 } from './form-26.ts';
import type { Migration } from './migration.ts';

export const MIGRATIONS: readonly Migration[] = [
  form1,
  form2,
  form3,
  form4,
  form5,
  form6,
  form7,
  form8,
  form9,
  form10,
  form11,
  form12,
  form13,
  form14,
  form15,
  form16,
  form17,
  form18,
  form19,
  form20,
  form21,
  form22,
  form23,
  form24,
  form25,
  form26,
];
