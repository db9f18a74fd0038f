package conformance;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;

/** A check that needs the sandbox for itself: it scripts faults or counts calls. */
@Retention(RetentionPolicy.RUNTIME)
@interface Alone {}
